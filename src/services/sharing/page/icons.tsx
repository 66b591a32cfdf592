// SPDX-License-Identifier: Apache-2.0
// One line drawing for each kind. They are decoration: the kind's name always stands beside
// them or, where there is no room, is read out instead.
import type { Kind } from './contract';

/* prettier-ignore */
const paths: Record<Kind, string> = {
  note: 'M5 3h10l4 4v14H5zM15 3v4h4M8 11h8M8 14.500h8M8 18h5',
  lab: 'M9 3h6M10 3v7L4.500 19a1.400 1.400 0 0 0 1.200 2h12.600a1.400 1.400 0 0 0 1.200-2L14 10V3M7.500 15h9',
  prescription: 'M4.600 13.200l8.600-8.600a4.400 4.400 0 0 1 6.200 6.200l-8.600 8.600a4.400 4.400 0 0 1-6.200-6.200zM8.900 8.900l6.200 6.200',
  admission: 'M3 5v15M3 17h18v3M21 17v-4a3 3 0 0 0-3-3h-8v7M5 13.500v-1a1.500 1.500 0 0 1 3 0v1',
  visit: 'M5 21V9l7-6 7 6v12zM12 9.500v6M9 12.500h6M10 21v-2.500h4V21',
  document: 'M8 3h11v14H8zM8 7H5v14h11v-4M11 7.500h5M11 11h5',
  image: 'M3 5h18v14H3zM3 16l5-5 4 4 3-3 6 5M14.500 9.500h2',
  checkup: 'M8 4H5v17h14V4h-3M8 3h8v3.500H8zM8.500 13.500l2.500 2.500 4.500-5',
  condition: 'M12 20.500C5 15.500 3 12 3 8.800A4.800 4.800 0 0 1 12 6.500a4.800 4.800 0 0 1 9 2.300c0 3.200-2 6.700-9 11.700zM6 12h3l1.500-3 2.500 5.500 1.500-2.500H18',
  procedure: 'M6.500 4l11 13M17.500 4l-11 13M5.500 16.800a2.300 2.300 0 1 0 0 4.600a2.300 2.300 0 1 0 0-4.600M18.500 16.800a2.300 2.300 0 1 0 0 4.600a2.300 2.300 0 1 0 0-4.600',
  immunization: 'M17 3l4 4M19 5l-3 3M10 6l8 8M12 8l-7 7v4h4l7-7M5 19l-2.500 2.500M11 11.500l1.500 1.500',
  allergy: 'M12 3l9.500 17.500h-19zM12 9.500v5M12 17.300v.4',
  vital: 'M2.500 13H7l2.500-7 4.500 13 2.500-6h5',
};

export function KindIcon({ kind }: { kind: Kind }) {
  return (
    <svg className="kind-icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[kind] ?? paths.document} />
    </svg>
  );
}

const signs = {
  left: 'M15 4l-8 8 8 8',
  right: 'M9 4l8 8-8 8',
  close: 'M5 5l14 14M19 5L5 19',
  chart: 'M3 3v18h18M7 15l4-5 4 3 5-7',
  print: 'M7 9V3h10v6M7 17H4V9h16v8h-3M7 14h10v7H7z',
} as const;

export function Sign({ name }: { name: keyof typeof signs }) {
  return (
    <svg className="sign" viewBox="0 0 24 24" aria-hidden="true">
      <path d={signs[name]} />
    </svg>
  );
}
