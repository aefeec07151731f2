"""The wall display: what a place shows to a room, in what size, in what order.

size       type sizes by screen and distance, and the layouts that they leave room for
device     a display as it is set up
board      what the tiles say: running, stopped, since when, what is at risk
attention  what needs attention, the worst first
sentence   three sentences about a shift
turn       slides in turn, dimming at night, the shift of the picture against burn-in
"""
