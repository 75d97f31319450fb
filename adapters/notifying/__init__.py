"""How letters leave: as files, or by SMTP."""
