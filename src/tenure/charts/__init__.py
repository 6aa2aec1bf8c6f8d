"""Figures as SVG, a table and a sentence; pure functions of numbers."""
