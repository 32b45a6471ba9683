"""Bytes to commands and back: REST, the ESB socket, BPMN. Imports runtime and the actors' messages."""
