"""Colours that colour-blind eyes tell apart, for pages and plots."""

# Okabe & Ito, "Color Universal Design", 2008; the yellow is too light for lines.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
