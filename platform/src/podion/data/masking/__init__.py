"""What identifies a person: found in a text by its form and checksum, and refused, masked or made a pseudonym."""
