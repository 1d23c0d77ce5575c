"""Shapes: the fields of what is asked and answered over the network, by their names there."""
