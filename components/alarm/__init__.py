"""Alarms on the screen: the list with its side panel, the journal, the performance figures, and the count in the top bar.

ids        every id of the page
words      what is said about an alarm
listing    the list, and what is shelved or out of service
side       one alarm: consequence, cause, response, history, and what may be done about it
journal    what was raised over the range
figures    how well the alarm system works
indicator  the count in the top bar, and the marks in the tree
page       the skeleton
"""
