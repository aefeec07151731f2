"""The wall display: its words (`words`), its page (`page`), and the administration of devices (`devices`)."""
