"""The live log: run events pushed to whoever watches a run, over django-eventstream.

The rows of RunEvent are the events: their `seq` is the id on the wire, so a client that comes back with its
Last-Event-ID gets everything after it, once each and in order. `channels` reads them and says who may,
`relay` notices new ones in this process, `stream` hands them to one watcher.

`follow(run, after_seq)` is the same for code: an async generator of new RunEvents until the run has ended;
`follow_until_person(run)` ends too when the run waits for a person.
"""

from bookings.live.channels import channel_of
from bookings.live.relay import announce
from bookings.live.stream import follow, follow_until_person, release_thread, sse

__all__ = ["announce", "channel_of", "follow", "follow_until_person", "release_thread", "sse"]
