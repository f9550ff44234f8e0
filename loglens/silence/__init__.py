"""Silence: when a service, or something that beats, said nothing for longer than chance allows."""
