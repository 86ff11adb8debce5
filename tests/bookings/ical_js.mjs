// ical.js reads the calendar on standard input and prints its events as JSON, all times in UTC.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
const ICAL = createRequire(process.argv[2] + '/')('ical.js')

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, 'utf8')))
const events = calendar.getAllSubcomponents('vevent').map((component) => {
  const event = new ICAL.Event(component)
  const value = (name) => component.getFirstPropertyValue(name)
  return {
    uid: event.uid,
    sequence: event.sequence,
    status: value('status'),
    starts: event.startDate.toJSDate().toISOString(),
    ends: event.endDate.toJSDate().toISOString(),
    summary: event.summary,
    location: event.location,
    description: event.description,
    url: value('url'),
  }
})
process.stdout.write(JSON.stringify({ method: calendar.getFirstPropertyValue('method'), name: calendar.getFirstPropertyValue('name'), events }))
