"""Rows and files of tenants: the only place with SQL, and the only one that decides where files lie."""
