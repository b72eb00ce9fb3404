"""The trustees' message board: what they and the scrutineer say to each other in both ceremonies. Nothing on it is secret."""
