"""Learnt control of the culture: its decision problem, training, priorities, and the comparison with protocols."""
