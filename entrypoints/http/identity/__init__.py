"""Registration, sign-in and tokens, passwords and their reset, PINs, the profile."""
