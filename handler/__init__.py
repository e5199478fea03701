"""artreel: paints a video in the style of a picture and keeps its own sound."""

import os

# NumPy's OpenBLAS keeps a thread per processor spinning while everything else starts. Nothing here
# multiplies matrices that are worth one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
