"""How it is stored: the only room that speaks SQL. Functions take the scope first and return engine records."""
