"""E-mail: the choices as links in a mail, answers and bounces by IMAP or LMTP."""
