"""The demo: sample sites of an invented town on loopback, and a user 演示 who works by the API.

Everything in it is invented: 岚江县, its places, units, persons and events.
"""
