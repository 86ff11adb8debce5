"""What the engine, the workers and the services say, as they say it: in English, with holes for the facts.

Rows keep these sentences in English; `bookings.told` puts them into the reader's language when they are shown.
A hole named `day`, `time`, `minutes` or `count` takes only such; any other takes whatever stands there. What a
sentence's hole holds may be a sentence of this list itself. A new sentence is entered here; a test misses it else.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

# ---- the engine, on BrokerBay's pages ------------------------------------------------------------------------

ENGINE: tuple[str, ...] = (
    _("Nothing was sent."),
    _("Nothing was sent"),
    _("Nothing was booked"),
    _("Nothing was cancelled"),
    _("Nothing was moved"),
    _(
        "BrokerBay asks for proof that a person is doing this. %(nothing)s: a person must do this one on BrokerBay."
    ),
    _("BrokerBay refused the change of time: %(words)s. %(nothing)s."),
    _("Someone else took this time just before us. %(nothing)s: choose another time."),
    _("BrokerBay asks us to slow down (429). %(nothing)s."),
    _("BrokerBay signed us out at the submit. %(nothing)s: a person must sign in again."),
    _("BrokerBay refused the booking: %(words)s. %(nothing)s."),
    _("BrokerBay refused the cancellation: %(words)s. %(nothing)s."),
    _(
        "BrokerBay answered the booking with an error (%(status)s). It may be booked or not: only its list of showings can tell."
    ),
    _(
        "BrokerBay answered the cancellation with an error (%(status)s). It may be cancelled or not: only its list of showings can tell."
    ),
    _(
        "BrokerBay answered the change of time with an error (%(status)s). It may be moved or not: only its list of showings can tell."
    ),
    _("BrokerBay signed us out on the way. Nothing was sent: a person must sign in again."),
    _(
        "BrokerBay took the booking and then signed us out. It must be looked up in its list of showings once somebody has signed in."
    ),
    _(
        "BrokerBay took the cancellation and then signed us out. It must be looked up in its list of showings once somebody has signed in."
    ),
    _(
        "BrokerBay took the change of time and then signed us out. It must be looked up in its list of showings once somebody has signed in."
    ),
    _(
        "The booking left, and then the page stopped answering. Only BrokerBay's list of showings can tell what became of it."
    ),
    _(
        "The cancellation left, and then the page stopped answering. Only BrokerBay's list of showings can tell what became of it."
    ),
    _(
        "The change of time left, and then the page stopped answering. Only BrokerBay's list of showings can tell what became of it."
    ),
    _("The browser stopped while working on this page. Nothing was sent."),
    _("BrokerBay cannot be reached (%(reason)s). Nothing was sent."),
    _("BrokerBay cannot be reached: the connection broke. Nothing was sent."),
    _("BrokerBay shows an empty page (%(where)s). Nothing was sent."),
    _("BrokerBay's page did not show what it should within %(count)s seconds (%(where)s). Nothing was sent."),
    _("BrokerBay's page did not behave as it should (%(where)s). Nothing was sent."),
    _(
        "No browser was found. Install one with the system's package manager (on Debian, as root: `apt-get install chromium-headless-shell`; elsewhere the package is called chromium), or with `%(executable)s -m playwright install --with-deps --only-shell chromium`, or name a Chromium or Chrome in BROWSER_EXECUTABLE."
    ),
    _(
        "BROWSER_EXECUTABLE names %(setting)s, which is not a program that can be run here. Correct the path, or leave the setting empty to let the portal look for a browser."
    ),
    _(
        "The browser from %(origin)s (%(path)s) did not start: %(said)s Run it by hand to see why, or name another one in BROWSER_EXECUTABLE."
    ),
    _("The booking left, and then the engine stopped. Only BrokerBay's list can tell."),
    _("The cancellation left, and then the engine stopped. Only BrokerBay's list can tell."),
    _("The change of time left, and then the engine stopped. Only BrokerBay's list can tell."),
    _("An order to change a showing must name it."),
    _("An order needs an MLS number, an address or a listing's id."),
    _("A booking needs a date and a time, and so does looking for one."),
    _("A booking needs a duration."),
    _("The browser stopped before the first page. Nothing was sent."),
    _("The browser stopped (%(said)s). Nothing was sent."),
    _("The engine broke in this step; its log has the details. Nothing was sent."),
    _("it took too long"),
    _("no reason given"),
    _("The run ended while its booking was about to be sent. Nothing was sent."),
    _(
        "The booking left, but BrokerBay never answered (%(why)s). It may be booked or not: only its list of showings can tell."
    ),
    _(
        "BrokerBay's page sent a request that the robot does not know (%(said)s). It is taken for the submit, and no other one leaves."
    ),
    _("BrokerBay still asks for a sign-in."),
    _("That did not reach the page; look at it and try again."),
    _("BrokerBay has this showing as cancelled already, so nothing was sent."),
    _("BrokerBay has this showing at its new time already, so nothing was sent."),
    _("BrokerBay has this showing already, so nothing was sent: %(said)s."),
    _("Open nearby: %(times)s."),
    _("BrokerBay offers no time that day."),
    _("confirmed"),
    _("requested, awaiting approval"),
    _("answered with another time"),
    _("declined"),
    _("cancelled"),
    _("%(address)s, %(day)s at %(time)s, %(said)s"),
    _("Read the account's own list (%(count)s): no showing of this home on %(day)s at %(time)s yet."),
    _("Read the account's own list to its end: %(count)s showings, %(count2)s live."),
    _("BrokerBay's list has a showing at this time; its listing will tell of which home."),
    _(
        "BrokerBay's list has a showing at this time, but it does not say for sure whether it is of this home: a person must say whether it is the one."
    ),
    _(
        "BrokerBay's list has a showing at this time of %(address)s, which may be this very home: a person must say whether it is the one, for otherwise one more is asked for."
    ),
    _("Read all %(count)s showings of the account: this one is not among them."),
    _("An order for a showing needs its date and time."),
    _("This showing is booked already: %(said)s."),
    _("BrokerBay's list has it: %(said)s."),
    _("A booking needs a date."),
    _("BrokerBay's calendar does not name its month. Nothing was sent."),
    _("BrokerBay's calendar does not show the month of %(day)s. Nothing was sent."),
    _("BrokerBay does not let %(day)s be chosen for this listing. Nothing was sent: choose another day."),
    _("Chose %(day)s."),
    _("Somebody else took this time while it was being chosen. Nothing was sent: choose another time."),
    _("no time"),
    _("BrokerBay's page shows %(said)s as chosen, not what was asked for. Nothing was sent."),
    _("BrokerBay offers no showing of %(minutes)s here (it offers: %(said)s). Nothing was sent."),
    _("Chose %(minutes)s."),
    _(
        "This listing allows showings of at most %(minutes)s at this time, and %(minutes2)s were asked for. Nothing was sent: choose a shorter showing or another time."
    ),
    _("A showing is cancelled on its own page; open it first."),
    _(
        "BrokerBay offers no way to cancel this showing (%(said)s). Nothing was sent: it may be over, or the listing side ended it."
    ),
    _("BrokerBay offers no reason to choose from. Nothing was sent."),
    _("BrokerBay does not take the reason “%(reason)s”: the cancellation cannot be sent. Nothing was sent."),
    _("Chose the reason “%(reason)s”."),
    _("BrokerBay asks for no reason."),
    _("A booking needs a date and a time."),
    _("%(time)s on %(day)s is not free. %(others)s"),
    _("Chose %(time)s; %(count)s times were open."),
    _("Slots belong to a day."),
    _(
        "BrokerBay has no listing with %(named)s. New listings appear there up to 30 minutes after the MLS; some never do. Check the spelling, or try again later."
    ),
    _("%(why)s: a person must pick the listing."),
    _("BrokerBay signed us out during the search. Nothing was sent: a person must sign in again."),
    _("BrokerBay's search does not work (%(status)s). Nothing was sent."),
    _(
        "“%(named)s” names no home that BrokerBay can be searched for: it takes an MLS number (like N12345678), or a house or lot number with its street. Correct the request and try again."
    ),
    _("No listing says otherwise, and BrokerBay's list has the showing: %(said)s."),
    _("BrokerBay has no listing under the address that was kept for it. Look for it by MLS number."),
    _(
        "The listing that was picked is %(address)s, but the order says %(address2)s: a person must say which one is meant."
    ),
    _("Found %(address)s, needs approval."),
    _("Found %(address)s."),
    _("%(count)s listings carry the MLS number %(number)s"),
    _("The MLS number %(number)s belongs to %(address)s, but the order says %(address2)s"),
    _("BrokerBay knows no MLS number %(number)s; at %(address)s it has another listing"),
    _("BrokerBay has %(count)s listings at %(address)s"),
    _("“%(address)s” does not name one home in full"),
    _("the MLS number %(number)s"),
    _("the address %(address)s"),
    _("A showing is moved on its own page; open it first."),
    _("The showing stands on %(day)s at %(time)s already. Nothing was sent: choose another time."),
    _(
        "BrokerBay offers no other time for this showing (%(said)s). Nothing was sent: it may wait for approval, be over, or have been ended by the listing side."
    ),
    _("BrokerBay's form is about another showing than the one that was opened. Nothing was sent."),
    _("Opened the form to move it: %(said)s."),
    _(
        "Read all %(count)s showings of the account: none is of %(address)s on %(day)s at %(time)s. Nothing was sent."
    ),
    _(
        "BrokerBay has no showing under the id that was kept for it. Nothing was sent: compare the account's showings with BrokerBay."
    ),
    _(
        "The showing that was kept is one of %(address)s, but the order says %(address2)s. Nothing was sent: a person must look at it."
    ),
    _(
        "The showing stands on %(day)s at %(time)s now, not on %(day2)s at %(time2)s. Nothing was sent: a person must look at it."
    ),
    _("Opened the showing: %(said)s."),
    _("BrokerBay has no showing under the id that was kept for it."),
    _("BrokerBay's page of the showing does not say which it is. Nothing was sent."),
    _("This order is about a showing; it must name it."),
    _(
        "BrokerBay's list has more than one showing that may be the one meant. Nothing was sent: a person must say which."
    ),
    _("BrokerBay's list of showings changed while it was read. Nothing was sent."),
    _("BrokerBay's page of the showing says: %(said)s."),
    _("BrokerBay answers with an error page (%(status)s). Nothing was sent."),
    _("BrokerBay asks for a sign-in. Nothing was sent: a person must sign in again."),
    _("Opened BrokerBay; the account is signed in."),
    _("BrokerBay did not load within %(count)s seconds. Nothing was sent."),
    _("it confirms at once"),
    _("the listing's side must approve"),
    _("The wizard belongs to a listing; find it first."),
    _(
        "BrokerBay wants contact details from this account before it books %(address)s. Nothing was sent: a person must fill them in on BrokerBay once, by Book Showing and Save Profile."
    ),
    _(
        "BrokerBay opened the booking of %(address)s instead of %(address2)s. Nothing was sent: a person must look at it."
    ),
    _(
        "%(address)s wants every showing approved, and this request is for auto-confirm only. Nothing was sent: allow listings that need approval, or call the listing's office."
    ),
    _("Opened the booking page of %(address)s: %(mode)s."),
    _("BrokerBay offers no online showing for %(address)s. It says “%(reason)s”. Call the listing's office."),
    _("BrokerBay offers no online showing for %(address)s. Call the listing's office."),
    _("this listing"),
    _("BrokerBay's list of showings kept changing while it was read. Nothing was sent."),
    _(
        "BrokerBay's list of showings looked empty while it was still loading, for too long to be believed. "
        "Nothing was sent."
    ),
    _("BrokerBay's times kept changing while they were read. Nothing was sent."),
    _("BrokerBay's calendar shows another day as chosen than %(day)s. Nothing was sent."),
    _("BrokerBay's list of showings could not be read in full (%(count)s rows seen). Nothing was sent."),
    _("Reading a day's slots needs the day."),
    _("%(count)s times are open on %(day)s, for %(minutes)s at most."),
    _("%(count)s times are open on %(day)s."),
    _("No time is open on %(day)s."),
    _("Filled in the booking up to the last click. Nothing was sent."),
    _("Filled in the cancellation up to the last click. Nothing was sent."),
    _("Filled in the change of time up to the last click. Nothing was sent."),
    _("BrokerBay's page did not send the booking when its button was pressed. Nothing was sent."),
    _("BrokerBay's page did not send the cancellation when its button was pressed. Nothing was sent."),
    _("BrokerBay's page did not send the change of time when its button was pressed. Nothing was sent."),
    _("BrokerBay took the booking."),
    _("BrokerBay took the cancellation."),
    _("BrokerBay took the change of time."),
    _("Seen in BrokerBay's own list: %(said)s."),
    _(
        "BrokerBay took the booking, but its list of showings does not have it yet. It must be looked up there before anything else is done."
    ),
    _("A move needs its new time."),
    _("A change is seen on the showing's own page."),
    _(
        "BrokerBay took the booking, but its page of the showing does not show it yet. It must be looked up there before anything else is done."
    ),
    _(
        "BrokerBay took the cancellation, but its page of the showing does not show it yet. It must be looked up there before anything else is done."
    ),
    _(
        "BrokerBay took the change of time, but its page of the showing does not show it yet. It must be looked up there before anything else is done."
    ),
    _("Seen on BrokerBay: %(said)s."),
)

# ---- the workers, and a run's life ---------------------------------------------------------------------------

RUNS: tuple[str, ...] = (
    _("BrokerBay took longer than an attempt may take."),
    _("The run was stopped, or another worker took it over. Nothing was sent."),
    _("Another request for that time is on its way, or this one was slow. Nothing was sent."),
    _("Writing the intent down took too long. Nothing was sent; the list is read to be sure."),
    _("The robot broke on this page."),
    _("Stopped by a person."),
    _("BrokerBay's own list shows two live showings of this home at one time. Cancel one of them."),
    _("Nobody touched the robot's browser for a while, so it was closed. Nothing of it was kept."),
    _("The sign-in took longer than a quarter of an hour. Nothing of it was kept."),
    _("BrokerBay cannot be reached."),
    _("Try again, or do it by hand on BrokerBay if it is urgent."),
    _("The robot's browser closed. Nothing of it was kept."),
    _("The stored session cannot be opened with the keys in SESSION_KEYS. Sign the account in again."),
    _("Signed in. Waiting runs that go on: %(count)s."),
    _("Asked for a browser to sign %(email)s in"),
    _("%(by)s is at the robot's browser too"),
    _("No worker opened a browser in time"),
    _("Stopped by %(by)s"),
    _("Another booking takes its place"),
    _("%(by)s asked to stop this sign-in"),
    _("asked to try again"),
    _("looked at the filled form: send it"),
    _("picked %(picked)s"),
    _("picked the listing %(picked)s"),
    _("made it %(count)s minutes"),
    _("wants to ask for approval"),
    _("looked: BrokerBay does not have it"),
    _("%(by)s saw it on BrokerBay"),
    _("%(by)s gave it up"),
    _("%(by)s gave this to the account %(account)s"),
    _("It may already have reached BrokerBay: its own list is read first."),
    _("%(by)s asked to stop this run"),
    _("%(reason)s; asked to stop"),
    _("The account is signed in again"),
    _("Sending the request to BrokerBay"),
    _("Attempt %(count)s started"),
    _("Reading BrokerBay's own list to learn whether the showing is there"),
    _("Trying again"),
    _("Everything is filled in; nothing was sent"),
    _("BrokerBay's list could not be read"),
    _("BrokerBay's list shows the showing neither as it was nor as it was to be"),
    _("BrokerBay's list shows this address at this time, but for %(number)s. Nothing was sent."),
    _("Refused: %(reason)s"),
    _("Waiting: %(reason)s"),
    _("Given up: %(reason)s"),
    _("Waiting for a person to look at the filled form and send it"),
    _("Stopped before anything was sent"),
    _("BrokerBay's own list will tell whether it arrived; nothing is clicked twice"),
    _("BrokerBay's list shows it: booked"),
    _("BrokerBay's list shows it: moved"),
    _("BrokerBay's list shows it: cancelled"),
    _("BrokerBay's list does not show it yet; it is read once more"),
    _("BrokerBay's list shows it unchanged so far; it is read once more"),
    _("BrokerBay's list, read twice, does not show it: it was not booked."),
    _("BrokerBay's list, read twice, shows it unchanged: nothing was changed."),
    _("BrokerBay's list, read twice, does not show it: nothing arrived. Trying again."),
    _("BrokerBay's list, read twice, shows it unchanged: nothing arrived. Trying again."),
    _("BrokerBay's list shows it as “%(badge)s”."),
    _("The answer never came"),
    _("Trying again in %(count)s s"),
    _("The worker stopped after sending"),
    _("The worker stopped again and again; nothing was sent"),
    _("The worker stopped while reading the list"),
    _("The robot's browser stopped in the middle of the sign-in. Nothing of it was kept."),
    _("The worker stopped in the middle; nothing was sent, so it starts again"),
    _("Cancelled on BrokerBay"),
    _("Booked"),
    _("Done"),
    _("Another live booking holds what BrokerBay shows of %(booking)s."),
    _("Read %(count)s showings: %(found)s."),
    _("%(count)s as known"),
    _("%(count)s changed"),
    _("%(count)s new to the portal"),
    _("%(count)s past or ended, left alone"),
    _("%(count)s missing on BrokerBay: a person must look"),
    _("%(count)s booked twice: a person must look"),
    _("BrokerBay shows the showing as “%(badge)s”, and the client still wants it."),
    _("Seen in BrokerBay's own list as “%(badge)s”"),
)

# A run's first line: what is wanted, and how it is to be done.
WISHES: tuple[str, ...] = (
    _("Queued: %(wish)s"),
    _("%(wish)s; nothing will be sent"),
    _("Book %(home)s on %(date)s at %(clock)s (%(zone)s), %(count)s minutes"),
    _("Book %(home)s on %(date)s at %(clock)s (%(zone)s)"),
    _("Reschedule %(home)s to %(date)s at %(clock)s (%(zone)s), %(count)s minutes"),
    _("Reschedule %(home)s to %(date)s at %(clock)s (%(zone)s)"),
    _("Cancel %(home)s on %(date)s at %(clock)s (%(zone)s)"),
    _("Check %(home)s on %(date)s at %(clock)s (%(zone)s)"),
)

# ---- a client's request --------------------------------------------------------------------------------------

REQUESTS: tuple[str, ...] = (
    _("The client changed the request"),
    _("The client cancelled it, and the robot cannot: %(why)s"),
    _("The client cancelled it"),
    _("The client moved it to %(date)s at %(clock)s, and the robot cannot: %(why)s"),
    _("The client moved it to %(date)s at %(clock)s"),
    _("The client cancelled"),
    _("Two live bookings stand for it."),
    _("It is another partner's client now; %(booking)s is booked for %(partner)s."),
    _("The client wants another home now (%(home)s); booked is %(booking)s."),
    _("The client took back the day or the time; booked is %(booking)s."),
    _("The client set it back to “%(status)s”; booked is %(booking)s."),
    _("The client cannot be at both: %(others)s."),
    _("%(home)s at %(clock)s"),
    _(
        "Imported: the predecessor said “%(word)s”, and nobody has seen it on BrokerBay. Compare the account with BrokerBay before it is booked."
    ),
    _("Imported; the predecessor said “%(status)s”"),
)

# ---- a service that says no ----------------------------------------------------------------------------------

REFUSALS: tuple[str, ...] = (
    _("The portal does not speak that language."),
    _("This file is too large to be a browser's session."),
    _("This file is no browser session: it needs “cookies” and “origins”, as Playwright writes them."),
    _("This session is empty: nobody was signed in when it was saved."),
    _("This session holds nothing of %(site)s: it was saved elsewhere. Sign in there and save it anew."),
    _("This is no JSON file. Save it with Playwright's storage_state()."),
    _("Somebody else changed this booking in the meantime; look again."),
    _(
        "This showing stands and is still to come, so those who must be there have to see it. Cancel it on BrokerBay first, or say that it is cancelled."
    ),
    _("A booking that is “%(word)s” cannot become “%(word2)s”."),
    _("Another live booking of this account has the same listing and time."),
    _("The export was withdrawn, or another worker took it."),
    _("This account is switched off; switch it on first."),
    _("Send one to %(count)s strokes at a time."),
    _("That is no stroke."),
    _("The robot's browser is not open."),
    _("A stroke's “%(name)s” is not as it must be."),
    _("Attempt %(count)s of run %(count2)s is no longer the holder."),
    _("This sign-in has ended already."),
    _("Only operators say whose requests are whose."),
    _("The mail server did not take it (%(name)s)."),
    _("You may not send notices again."),
    _("It is not given up any more; look again."),
    _("Your role at %(partner)s does not allow this. An administrator can change it."),
    _("A partner keeps one manager at least. Make somebody else a manager first."),
    _("Only an administrator gives staff roles."),
    _("Somebody else must change your own role, so that one administrator stays."),
    _("The property API gives no street for it."),
    _("Asked again in vain: %(reason)s"),
    _("The showing's start has passed; start a new booking for a later time."),
    _("The account already holds a live booking of this home at that time."),
    _("This run does not ask that any more; somebody may have answered. Look again."),
    _("A run that is “%(word)s” cannot be tried again."),
    _("A run that is “%(word)s” cannot become “%(word2)s”."),
    _("The same is already under way in another run; look at that one."),
    _("The same showing is already being booked by another run."),
    _("That day is more than about 18 months away. Check the year, or pick a nearer day."),
    _("This is too long: at most %(count)s characters are read."),
    _("This holds control characters; type it anew without them."),
    _("Say how long the showing is to last."),
    _("BrokerBay offers 15, 30, 45 or 60 minutes; choose one of them."),
    _("Name the day of the showing."),
    _("Name the time of the showing."),
    _("BrokerBay's showings start every quarter of an hour: pick %(clock)s or %(clock2)s."),
    _("That time has already passed at the property. Pick a later one."),
    _("That day has already passed at the property. Pick a later one."),
    _("“%(name)s” is no time zone; write it like America/Toronto."),
    _("%(why)s: the clocks change that night. Pick another time."),
    _("%(clock)s does not exist on %(date)s in %(zone)s"),
    _("That account belongs to another partner than this run: %(partner)s."),
    _("That account is switched off."),
    _("This goes through the account that holds the showing; no other can do it."),
    _("It is under way, has ended, or was sent by its account already."),
    _("That account already holds a live booking for this showing."),
    _("A worker or somebody else was faster; look again."),
    _("That account has the same under way in another run."),
    _("The showing stands at that time already; pick another."),
    _("This account is switched off."),
    _("This booking is “%(word)s”: there is nothing left to change on BrokerBay."),
    _("This showing's start has passed; BrokerBay changes it no more."),
    _("The BrokerBay account of this booking is switched off."),
    _("This booking was never seen in BrokerBay's own list. Compare the account with BrokerBay first."),
    _("This booking is already being changed; look at the run that is under way."),
    _("The account was compared a moment ago; look at that run."),
    _("%(run)s is no longer %(word)s; look again."),
    _("%(run)s is no longer %(word)s."),
    _("This request names no partner or no property."),
    _("Name the property: its MLS number or its address."),
    _("%(partner)s has no BrokerBay account yet; add one first."),
    _("The account already holds a live booking for this showing: booking %(number)s."),
    _("This showing is already being booked; look at the run that is under way."),
    _("This request cannot be booked yet: %(needs)s."),
    _("This Idempotency-Key was used for something else; use a new one."),
    _("Its process stopped in the middle; the next pass goes on."),
    _("Write the day as 2026-07-31, or as a bare day of the month like 31."),
    _("Write the time as 10:00 AM or 10:00."),
    _("Choose 15, 30, 45 or 60 minutes."),
    _("There is no %(text)s in the calendar."),
)

# ---- a partner's Slack and webhooks, and what is sent -------------------------------------------------------

CONNECTIONS: tuple[str, ...] = (
    _("Slack needs no secret; its address is one."),
    _("This connection is turned off. Turn it on, then test it."),
    _("This connection is turned off. Turn it on first."),
    _("This connection is turned off."),
    _("It went to no connection."),
    _("That is no address of Slack's. It begins with https://hooks.slack.com/services/."),
    _("Somebody removed this connection."),
    _("A partner has 20 connections at most. Remove one first."),
    _("It is on its way already; look again."),
    _("Its address cannot be opened with the keys in SESSION_KEYS. Remove it and make it anew."),
    _("It answered %(status)s."),
    _("The showing does not take place as it was."),
    _("The showing was moved."),
    _("The showing has begun."),
    _("That address is too long, or has signs in it that no address has."),
    _("Write an address that begins with https://."),
    _("No name, password or port 0 may stand in the address."),
    _("That address is not on the public internet."),
    _("Its certificate is not good: %(why)s."),
    _("It did not answer (%(why)s)."),
    _("Its name leads to no address."),
    _("Its name leads to an address that is not on the public internet."),
)

# ---- the buttons of a run that waits for a person ------------------------------------------------------------

OFFERS: tuple[str, ...] = (
    _("Try again"),
    _("BrokerBay has it"),
    _("BrokerBay does not have it"),
    _("It is cancelled on BrokerBay"),
    _("It still stands on BrokerBay"),
    _("BrokerBay shows the new time"),
    _("BrokerBay shows the old time"),
    _("Give up"),
    _("Sign in on BrokerBay"),
    _("Opens the robot's browser; every waiting run of the account goes on afterwards."),
    _("This run ends; nothing more is sent."),
    _("Look again"),
    _("Send it"),
    _("The form is filled anew and sent, if everything is still as in the picture."),
    _("Ask for approval"),
    _("The listing side must agree before the showing stands."),
    _("Try again without signing in"),
    _("Fill them in on BrokerBay"),
    _("Opens the robot's browser at BrokerBay's form; the run goes on once they are saved."),
    _("They are saved; try again"),
    _("Nothing more is sent."),
    _("It is sent once more."),
    _("Stop it"),
    _("Listing %(count)s"),
    _("%(count)s minutes"),
)

# ---- a run's steps, from their codes -------------------------------------------------------------------------

STEPS: tuple[str, ...] = (
    _("Open site"),
    _("Check own list"),
    _("Find listing"),
    _("Open showing"),
    _("Open wizard"),
    _("Choose date"),
    _("Choose slot"),
    _("Choose duration"),
    _("Choose reason"),
    _("Rehearse"),
    _("Submit"),
    _("Verify"),
)

# ---- reading requests and homes ------------------------------------------------------------------------------

READING: tuple[str, ...] = (
    _("%(name)s is missing."),
    _("%(name)s or %(name2)s is missing."),
    _("%(name)s has spaces around it."),
    _("%(name)s is not a text."),
    _("%(name)s is longer than %(count)s characters."),
    _("%(name)s holds characters that are no text."),
    _("%(name)s is no date like 2026-11-21."),
    _("%(name)s is in the year %(count)s."),
    _("%(name)s is no time like 14:30:00."),
    _("The row is not an object."),
    _("The row is too large to be read."),
    _("The answer holds no property."),
    _("The answer is about another property (%(name)s)."),
    _("%(name)s is no day of the calendar."),
    _("%(name)s is no time of the day."),
    _("%(name)s is no point in time."),
    _("It was stopped."),
    _("It broke (%(name)s); the log has the details."),
    _("Supabase is not configured. Set SUPABASE_URL and SUPABASE_KEY."),
    _("The property API"),
    _(
        "%(count)s requests read (%(count2)s new, %(count3)s changed, %(count4)s unreadable), %(count5)s addresses found, %(count6)s missing, %(count7)s bookings queued."
    ),
    _("Queueing what is ready"),
    _("Reading requests"),
    _("Asking for addresses"),
    _("%(name)s is left alone until %(clock)s UTC. %(why)s"),
    _("%(name)s at %(host)s asked us to slow down (%(status)s)."),
    _("%(name)s at %(host)s is in trouble (%(status)s)."),
    _("It is asked again by itself."),
    _("%(name)s at %(host)s sends us elsewhere (%(status)s)."),
    _("%(name)s at %(host)s did not answer in time."),
    _("%(name)s at %(host)s shows a certificate that is not valid."),
    _("%(name)s at %(host)s cannot be reached."),
    _("%(name)s at %(host)s sent a broken answer."),
    _("%(name)s cannot be asked: its address or key is not usable."),
    _("%(name)s at %(host)s sent more than %(count)s kB at once."),
    _("%(name)s at %(host)s did not finish its answer in time."),
    _("Put the final address into the settings; redirects are not followed."),
    _("Check its address in the settings, and this machine's clock and certificates."),
    _("Check the address and the key in the settings."),
    _("Check that the address in the settings is the right one."),
    _("%(name)s said no (%(status)s)."),
    _("%(name)s sent an answer that is no JSON."),
    _("Check PROPERTY_API_URL and PROPERTY_API_KEY."),
    _("It is asked again."),
    _("Switch Realtime on for the table: add it to the publication supabase_realtime."),
    _("Check SUPABASE_KEY: it is wrong or has expired."),
    _("Check SUPABASE_KEY: it is no key of this project."),
    _("Check SUPABASE_KEY: it may not listen. Use the service_role or a secret key."),
    _("Allow public channels in Supabase's Realtime settings."),
    _("Check SUPABASE_URL: there is no such project."),
    _("Switch Realtime on in Supabase's settings."),
    _("%(name)s does not let us listen (%(said)s)."),
    _("%(name)s did not answer in time."),
    _("%(name)s did not subscribe to the table in time."),
    _("%(name)s at %(host)s cannot be reached (%(why)s)."),
    _("%(name)s at %(host)s broke off (%(why)s)."),
    _("%(name)s at %(host)s broke off."),
    _("%(name)s at %(host)s hung up (%(why)s)."),
    _("%(name)s at %(host)s does not let us in (%(why)s)."),
    _("Check SUPABASE_KEY: it is missing, wrong or has expired."),
    _("Check SUPABASE_URL: Realtime is not there."),
    _("%(name)s fell silent."),
    _("%(name)s ends the channel: %(said)s."),
    _("%(name)s ended the channel (%(said)s)."),
    _("Supabase Realtime ended."),
    _("Check SUPABASE_URL: the REST interface is not there."),
    _("Check SUPABASE_URL: what is there does not answer like Supabase's REST interface."),
    _("Rows were deleted while they were read; the next pass reads them anew."),
    _(
        "%(name)s showed no rows. SUPABASE_KEY is a visitor's key (anon, publishable or a person's): unless a policy lets it read the table, row level security hides every row. Use the service_role or a secret key."
    ),
    _("A secret key was refused because something on the way calls us a browser: look at the proxy."),
    _("SUPABASE_KEY may not read the table %(table)s: use the service_role or a secret key."),
    _("Check SUPABASE_TABLE: there is no table %(table)s, or it is not exposed."),
    _("The table %(table)s lacks a column that the portal reads; add it."),
    _("Look at Supabase's own logs for this question."),
    _(
        "SUPABASE_KEY may not write to the table %(table)s: use a service_role or secret key, grant it the right, or set SUPABASE_WRITE_COLUMNS=none."
    ),
    _(
        "The table %(table)s lacks a column of SUPABASE_WRITE_COLUMNS: add it, name another, or set SUPABASE_WRITE_COLUMNS=none."
    ),
    _("A column of SUPABASE_WRITE_COLUMNS has a type that does not take what is written."),
    _("A rule of the table %(table)s forbids it: look at its constraints and triggers."),
    _("%(name)s changed no row though the row is there."),
    _("%(name)s at %(host)s sent something that is no list of rows."),
    _("%(name)s answered with the same rows, or rows without an id, again and again."),
    _("Check SUPABASE_URL: it must be the project's address, like https://….supabase.co"),
    _("Check that the address leads to Supabase's REST interface."),
    _("The property API does not know it."),
    _("SUPABASE_WRITE_COLUMNS says that nothing is written."),
    _("Supabase does not show this row any more."),
    _("The database does not take it."),
    _("%(name)s It says: %(said)s."),
    _("id is missing or too long."),
    _("property_address is missing."),
    _("property_id is missing or too long."),
    _("%(reason)s It says %(said)s."),
)

# ---- what was done to a row, from the codes of its history -----------------------------------------------------

DEEDS: tuple[str, ...] = (
    _("Accepted"),
    _("Answered"),
    _("Appointed"),
    _("Assigned"),
    _("Changed"),
    _("Chosen"),
    _("Client cancelled"),
    _("Client moved"),
    _("Created"),
    _("Deleted"),
    _("Ended"),
    _("Exported"),
    _("Forgotten"),
    _("Found booked"),
    _("Hidden"),
    _("Imported"),
    _("Joined"),
    _("Learned"),
    _("Left"),
    _("Linked"),
    _("Made"),
    _("Mapped"),
    _("Password changed"),
    _("Password reset"),
    _("Prolonged"),
    _("Renewed"),
    _("Retried"),
    _("Revoked"),
    _("Rights changed"),
    _("Role changed"),
    _("Saved"),
    _("Seen"),
    _("Sent"),
    _("Sent again"),
    _("Shared"),
    _("Shown again"),
    _("Signed in"),
    _("Signed out"),
    _("Status changed"),
    _("Steered"),
    _("Stop asked"),
    _("Taken back"),
    _("Told"),
    _("Turned off"),
    _("Unsubscribed"),
)

SENTENCES = (*ENGINE, *RUNS, *WISHES, *REQUESTS, *REFUSALS, *CONNECTIONS, *OFFERS, *STEPS, *READING, *DEEDS)
