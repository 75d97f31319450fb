"""Register, sign in and out, prove who one is by password, PIN or one-time code, and change these; operators."""
