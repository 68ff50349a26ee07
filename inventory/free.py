"""Which places are free, said once: SQL about `inventory_eventseat e`.

A place can be taken as it is when it is owned and available, or held by a hold that has run out. What
a buyer did not pay in time is free as well, unless it comes from a hold, to which it goes back; who
takes it ends that reservation first. A place set aside for a channel is free to this channel only.
"""

AS_IT_IS = """e.ownership = 'OWNED' AND (e.status = 'AVAILABLE'
  OR (e.status = 'HELD' AND e.claimed_until <= clock_timestamp()))"""
FREE = """e.ownership = 'OWNED' AND (e.status = 'AVAILABLE'
  OR (e.status = 'HELD' AND e.claimed_until <= clock_timestamp())
  OR (e.status = 'RESERVED' AND e.claimed_until <= clock_timestamp() AND e.hold_id IS NULL))"""
# The website's; buyers see what is set aside for others as taken.
PUBLIC = "e.channel IN ('', 'WEB')"
# A channel's, or everybody's when it is null.
OPEN_TO = "(%(channel)s::text IS NULL OR e.channel IN ('', %(channel)s))"
