"""The operators' HTTP interface: who may in, what they see, what they may ask of the desk."""
