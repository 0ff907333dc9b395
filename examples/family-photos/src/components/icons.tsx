import type { ReactElement } from 'react'

const PATHS = {
  check: 'M5 12.5l4.5 4.5L19 7.5',
  up: 'M12 18V7m0 0-4.5 4.5M12 7l4.5 4.5M5 21h14',
  device: 'M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2',
  alert: 'M12 8v5m0 3.2v.1M10.4 4.3 2.9 17.6A1.8 1.8 0 0 0 4.5 20.3h15a1.8 1.8 0 0 0 1.6-2.7L13.6 4.3a1.8 1.8 0 0 0-3.2 0z',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  bin: 'M5 7h14M10 7V4.5h4V7m3 0-.8 12.5H7.8L7 7',
  mic: 'M12 3.5a2.8 2.8 0 0 1 2.8 2.8v5a2.8 2.8 0 0 1-5.6 0v-5A2.8 2.8 0 0 1 12 3.5zM6 11.5a6 6 0 0 0 12 0M12 17.5V21',
  note: 'M4 10v4M8 7v10M12 4v16M16 8v8M20 10.5v3',
  photo: 'M4.5 5h15a1.5 1.5 0 0 1 1.5 1.5v11a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5v-11A1.5 1.5 0 0 1 4.5 5zM3.5 17l5-5.5 4 4 2.5-2.5 5 4.5M15.5 9.2v.1',
} as const

export type IconName = keyof typeof PATHS

/** Decoration: what it means is said in words beside it, or by the label of the button around it. */
export function Icon({ name }: { readonly name: IconName }): ReactElement {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}
