"""The historian's meaning: blocks of samples, the lossless codec, the rollup pyramid, and reductions for views."""
