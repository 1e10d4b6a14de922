import { describe, expect, test } from 'vitest'
import { safeNext } from './addresses'

const origin = 'https://crier.example'
const read = (query: string) => new URL(origin + '/sign-in?' + query).searchParams.get('next')

describe('where sign-in leads', () => {
  test.each([
    'next=/%09/evil.example/x',
    'next=/%0A/evil.example/x',
    'next=/%0D%0A/evil.example',
    'next=%09//evil.example',
    'next=//evil.example',
    'next=///evil.example',
    'next=/%5Cevil.example',
    'next=%5C%5Cevil.example',
    'next=/.//evil.example',
    'next=/..//evil.example',
    'next=/a/..//evil.example',
    'next=/%09%5C/evil.example',
    'next=/%5C%09/evil.example',
    'next=https://evil.example',
    'next=https:/evil.example',
    'next=https:evil.example',
    'next=http://crier.example/x',
    'next=https://crier.example@evil.example/',
    'next=@evil.example',
    'next=.evil.example',
    'next=javascript:alert(1)',
    'next=java%09script:alert(1)',
    'next=%20javascript:alert(1)',
    'next=data:text/html,x',
    'next=blob:https://crier.example/1',
    'next=//',
    'next=//%00',
    'next=%E2%80%8B//evil.example',
    'next=',
    '',
  ])('refuses %s', (query) => expect(safeNext(read(query), origin)).toBeUndefined())

  test.each([
    ['/', '/'],
    ['/test/1', '/test/1'],
    ['/staff/messages?open=1#top', '/staff/messages?open=1#top'],
    ['/?message=a%20b', '/?message=a%20b'],
    ['/%2F/evil.example', '/%2F/evil.example'],
    ['/x?next=https://evil.example', '/x?next=https://evil.example'],
    ['/staff/../test/1', '/test/1'],
  ])('keeps %s', (next, want) => {
    expect(safeNext(next, origin)).toBe(want)
    expect(new URL(want, origin).origin).toBe(origin)
  })
})
