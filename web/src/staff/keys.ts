export { onKeys, writing } from '../lib/keys'
