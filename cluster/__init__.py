"""Composition root: settings, command line, Ray deployment, demo and verification. May import everything."""
