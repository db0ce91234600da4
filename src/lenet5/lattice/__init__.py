"""Segmentation graphs, their paths and the automata that restrict them (Sections IV to VI); knows no network."""
