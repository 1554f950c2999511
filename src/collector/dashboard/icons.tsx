/** Icons, drawn for this page: one path each, in the colour of the text around. */

const PATHS = {
  overview: 'M3 10.5 10 4l7 6.5M5.5 9v7h9V9',
  cost: 'M10 3v14M13.6 6.4c-.6-1-1.9-1.6-3.6-1.6-2 0-3.5.9-3.5 2.5 0 3.6 7.3 1.7 7.3 5.3 0 1.6-1.6 2.6-3.8 2.6-1.9 0-3.3-.7-3.9-1.9',
  performance: 'M4 15a7.2 7.2 0 1 1 12 0M10 12l3.2-4.2',
  errors: 'M10 3.6 17.2 16H2.8zM10 8.2v3.6M10 13.9v.1',
  models: 'M10 3 16.5 6.5v7L10 17l-6.5-3.5v-7zM3.5 6.5 10 10l6.5-3.5M10 10v7',
  operations: 'M3.5 5h13M3.5 10h13M3.5 15h8',
  alerts: 'M5.2 14V9a4.8 4.8 0 0 1 9.6 0v5l1.2 1.2H4zM8.4 17.2h3.2',
  system: 'M3.5 4.5h13v4.6h-13zM3.5 11h13v4.6h-13zM6.2 6.8v.1M6.2 13.3v.1',
  download: 'M10 3.5v9M6.4 9.2 10 12.8l3.6-3.6M4 16h12',
  code: 'M7 6 3 10l4 4M13 6l4 4-4 4',
  close: 'M5 5l10 10M15 5 5 15',
  plus: 'M10 4v12M4 10h12',
  sun: 'M10 6.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8zM10 2v1.6M10 16.4V18M2 10h1.6M16.4 10H18M4.3 4.3l1.2 1.2M14.5 14.5l1.2 1.2M4.3 15.7l1.2-1.2M14.5 5.5l1.2-1.2',
  moon: 'M16 11.6A6.6 6.6 0 0 1 8.4 4a6.6 6.6 0 1 0 7.6 7.6z',
  link: 'M8 12l4-4M9 5.8l1.6-1.6a3.4 3.4 0 0 1 5 5L14 10.8M11 14.2l-1.6 1.6a3.4 3.4 0 0 1-5-5L6 9.2',
  leave: 'M8 3.5H4.5v13H8M12 6.5l3.5 3.5-3.5 3.5M15.5 10H8',
  copy: 'M7 7h9v9H7zM4 13V4h9',
  clock: 'M10 3.2a6.8 6.8 0 1 0 0 13.6 6.8 6.8 0 0 0 0-13.6zM10 6.4V10l2.6 1.8',
} as const
export type IconName = keyof typeof PATHS

/** Decoration: what it means is said beside it, or by the button it is in. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
