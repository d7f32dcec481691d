/** A value with its unit, which is empty where there is none. */
export interface Measured {
  readonly text: string;
  readonly unit: string;
}

// Each further word begins with its separator, so that a long run of letters is read in one way only.
const UNIT = /^(.*(?:\d|[)}]|\\pi)) ?((?:%[a-z]*|[a-z]{2,})(?:(?:\.[ /]?|[ /])[a-z]+)*\.?(?:\^\{?[23]\}?)?)$/i;

/** A unit behind a value: `5cm`, `6 red`, `5%`. A single letter is a variable. */
export function withoutUnit(text: string): Measured {
  const match =
    /\\(?!pi)[a-z]+[^{}]*$/i.test(text.slice(-12)) && !/[)}\d] ?[a-z]{2,}$/i.test(text) ? null : UNIT.exec(text);
  const [value = '', unit = ''] = match?.slice(1) ?? [];
  const isUnit =
    match !== null && !/^(?:or|and|to|in)\b/i.test(unit) && !/\\[a-z]*$/i.test(value) && !/[a-z]\(?\)?$/i.test(value);
  return isUnit ? { text: value.trim(), unit: unitName(unit) } : { text, unit: '' };
}

const unitNames: Readonly<Record<string, string>> = {
  ...{
    cm: 'centimeter',
    mm: 'millimeter',
    km: 'kilometer',
    meters: 'meter',
    metre: 'meter',
    kg: 'kilogram',
    in: 'inch',
    inches: 'inch',
  },
  ...{
    ft: 'foot',
    feet: 'foot',
    mi: 'mile',
    hr: 'hour',
    hrs: 'hour',
    min: 'minute',
    mins: 'minute',
    sec: 'second',
    secs: 'second',
  },
  ...{ lb: 'pound', lbs: 'pound', mph: 'miles per hour', percent: '%' },
  ...{ unitm: 'meter', unitg: 'gram', units: 'second', unith: 'hour', unitl: 'liter' },
};

function unitName(unit: string): string {
  const plain = unit.toLowerCase().replace(/[.\s]|\^\{?([23])\}?/g, '$1');
  const named = unitNames[plain] ?? plain;
  return named.length > 3 ? named.replace(/s$/, '') : named;
}

/** A reference and an answer may leave the unit out; two units are the same or the answers are not. */
export const unitsAgree = (right: string, said: string) =>
  right === said || right === '' || said === ''
    ? !/^[ap]m$/.test(right || said) || right === said
    : isOrdinal(right) && isOrdinal(said);

const isOrdinal = (unit: string) => /^(?:st|nd|rd|th)$/.test(unit);
