// Supabase's own JavaScript client, listening: prints a line of JSON for whatever it is told.
import { createRequire } from 'node:module'
const [tools, url, key, table] = process.argv.slice(2)
const require = createRequire(tools + '/')
const { RealtimeClient } = require('@supabase/realtime-js')
const say = (what, told) => process.stdout.write(JSON.stringify({ what, told }) + '\n')

const client = new RealtimeClient(url, { params: { apikey: key }, transport: require('ws') })
client
  .channel('showings')
  .on('postgres_changes', { event: '*', schema: 'public', table }, (change) => say('change', change))
  .on('system', {}, (message) => say('system', message))
  .subscribe((status) => say('status', status))
process.stdin.on('end', () => process.exit(0)).resume()
