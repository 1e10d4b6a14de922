import { connection } from '../lib/connection.svelte'

/** Whether somebody of the staff is writing to this candidate. It ends by itself: the word that it ended may be lost. */
class Typists {
  typing = $state(false)
  #timer: ReturnType<typeof setTimeout> | undefined

  follow(): () => void {
    const stops = [
      connection.client.on('frame', (frame) => {
        if (frame.type === 'typing' && frame.conversation === undefined) this.#set(frame.state === 'typing')
        else if (frame.type === 'message' && !frame.message.mine) this.#set(false)
      }),
      () => this.#set(false),
    ]
    return () => stops.forEach((stop) => stop())
  }

  #set(on: boolean): void {
    clearTimeout(this.#timer)
    this.typing = on
    if (on) this.#timer = setTimeout(() => (this.typing = false), 10_000)
  }
}

export const typists = new Typists()
