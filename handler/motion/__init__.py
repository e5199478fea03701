"""Paint that stays on what it is painted on: scene cuts, optical flow, propagation."""
