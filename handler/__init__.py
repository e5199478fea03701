"""artreel: paints a video in the style of a picture and keeps its own sound."""
