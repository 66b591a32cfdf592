// SPDX-License-Identifier: Apache-2.0
// The timeline's words in both languages, and how each writes days and ages.
import type { Language, Words } from '@i18n/language';
import type { Age, Day, Kind, Month } from './contract';
import { isDay, weekday } from './days';

interface SharingWords {
  people: string;
  searchLabel: string;
  searchHint: string;
  found: (n: number, more: boolean) => string;
  nobody: string;
  more: string;
  columns: { name: string; kana: string; gender: string; born: string; institutions: string };
  genders: Record<string, string>;
  noName: string;
  unknown: string;
  noBirthDate: string;
  kinds: Record<Kind, string>;
  deceased: (day: string) => string;
  onDay: (day: string) => string;
  viewing: string;
  allInstitutions: (n: number) => string;
  chartNumber: (n: string) => string;
  allergies: string;
  noAllergies: string;
  criticality: Record<string, string>;
  recorded: (day: string) => string;
  overview: string;
  overviewHint: string;
  yearAt: (year: number, institution: string) => string;
  nothing: string;
  filters: string;
  filterKinds: string;
  filterInstitutions: string;
  all: string;
  noRecords: string;
  calendar: string;
  gridHint: string;
  before: string;
  after: string;
  months: (year: number) => string;
  weekdays: readonly string[];
  count: (n: number) => string;
  others: (n: number) => string;
  until: (day: string) => string;
  monthList: (month: string) => string;
  noneThisMonth: string;
  noneMatching: string;
  showMore: (n: number) => string;
  listColumns: { day: string; institution: string; kind: string; content: string };
  details: string;
  pickOne: string;
  noneThisDay: string;
  noneMatchingDay: string;
  close: string;
  noAuthor: string;
  ageThen: (age: string) => string;
  period: (from: string, to: string) => string;
  results: { name: string; value: string; range: string; sign: string; trend: string };
  flags: Record<string, string>;
  drugs: { name: string; dose: string; days: string };
  forDays: (n: number) => string;
  duplicateTest: string;
  duplicateDrug: string;
  noContent: string;
  records: (n: number) => string;
  trend: string;
  showTrend: (name: string) => string;
  closeTrend: (name: string) => string;
  range: string;
  table: string;
  trendSummary: (t: {
    name: string;
    n: number;
    from: string;
    to: string;
    low: string;
    high: string;
    last: string;
  }) => string;
  noPoints: string;
  outside: { high: string; low: string };
  print: string;
  lookers: string;
  printed: (day: string) => string;
  person: string;
}

const ja: SharingWords = {
  people: '患者の一覧',
  searchLabel: '氏名で探す',
  searchHint: '漢字・かな・ローマ字のどれでも探せます',
  found: (n, more) => (more ? `${n}人を表示しています（続きがあります）` : `${n}人`),
  nobody: '該当する人はいません。',
  more: '続きを表示',
  columns: { name: '氏名', kana: 'フリガナ', gender: '性別', born: '生年月日', institutions: '医療機関' },
  genders: { male: '男性', female: '女性', other: 'その他', unknown: '性別不明' },
  noName: '（氏名の記録なし）',
  unknown: '不明',
  noBirthDate: '生年月日不明',
  kinds: {
    note: '医師の記載',
    lab: '検査データ',
    prescription: '処方データ',
    admission: '入院',
    visit: '受診',
    document: '文書',
    image: '画像',
    checkup: '健診',
    condition: '病名',
    procedure: '処置・手術',
    immunization: '予防接種',
    allergy: 'アレルギー',
    vital: 'バイタル',
  },
  deceased: (day) => `${day} 死亡`,
  onDay: (day) => `（${day}現在）`,
  viewing: '表示中の医療機関',
  allInstitutions: (n) => `すべて（${n}機関）`,
  chartNumber: (n) => `患者番号 ${n}`,
  allergies: 'アレルギー',
  noAllergies: '記録なし（アレルギーがないという意味ではありません）',
  criticality: { high: '重篤', low: '軽度', 'unable-to-assess': '重篤度不明' },
  recorded: (day) => `${day} 登録`,
  overview: '年ごとの記録',
  overviewHint: '年を選ぶと、その年のカレンダーへ移ります。',
  yearAt: (year, institution) => `${year}年 ${institution}`,
  nothing: '記録がありません',
  filters: '絞り込み',
  filterKinds: '種類',
  filterInstitutions: '医療機関',
  all: 'すべて',
  noRecords: 'この方の記録はまだありません。',
  calendar: 'カレンダー',
  gridHint: '矢印キーで日を移動、Page Up・Page Down で月を移動、Enter で詳細を開き、Esc で戻ります。',
  before: '前の月',
  after: '次の月',
  months: (year) => `${year}年の月`,
  weekdays: ['日', '月', '火', '水', '木', '金', '土'],
  count: (n) => `${n}件`,
  others: (n) => `他${n}`,
  until: (day) => `${day}まで`,
  monthList: (month) => `${month}の記録`,
  noneThisMonth: 'この月の記録はありません。',
  noneMatching: '選んだ条件にあう記録は、この月にはありません。',
  showMore: (n) => `残り${n}件を表示`,
  listColumns: { day: '日', institution: '医療機関', kind: '種類', content: '内容' },
  details: '詳細',
  pickOne: 'カレンダーのアイコンまたは日を選ぶと、ここに内容が表示されます。',
  noneThisDay: 'この日の記録はありません。',
  noneMatchingDay: '選んだ条件にあう記録は、この日にはありません。',
  close: '詳細を閉じる',
  noAuthor: '記載者の記録なし',
  ageThen: (age) => `当時 ${age}`,
  period: (from, to) => `${from} 〜 ${to}`,
  results: { name: '項目', value: '結果', range: '基準値', sign: '判定', trend: '推移' },
  flags: { H: '高', HH: '非常に高い', L: '低', LL: '非常に低い', A: '異常', AA: '非常に異常', POS: '陽性' },
  drugs: { name: '薬剤', dose: '用法・用量', days: '日数' },
  forDays: (n) => `${n}日分`,
  duplicateTest: '他院でも同じ検査',
  duplicateDrug: '他院の処方と重複',
  noContent: '内容の記録はありません。',
  records: (n) => `元の記録 ${n}件`,
  trend: '検査値の推移',
  showTrend: (name) => `${name}の推移を表示`,
  closeTrend: (name) => `${name}の推移を閉じる`,
  range: '基準値',
  table: '表で見る',
  trendSummary: (t) => `${t.name}、${t.n}回、${t.from}から${t.to}。最小 ${t.low}、最大 ${t.high}、最新 ${t.last}。`,
  noPoints: '数値の記録がありません。',
  outside: { high: '高', low: '低' },
  print: '印刷',
  lookers: '誰がこの記録を見たか',
  printed: (day) => `印刷日 ${day}`,
  person: '患者の記録',
};

const en: SharingWords = {
  people: 'People',
  searchLabel: 'Find by name',
  searchHint: 'Kanji, kana or romaji',
  found: (n, more) => (more ? `${n} people shown, there are more` : n === 1 ? '1 person' : `${n} people`),
  nobody: 'Nobody matches.',
  more: 'Show more',
  columns: { name: 'Name', kana: 'Kana', gender: 'Gender', born: 'Born', institutions: 'Institutions' },
  genders: { male: 'Male', female: 'Female', other: 'Other', unknown: 'Gender unknown' },
  noName: '(no name recorded)',
  unknown: 'unknown',
  noBirthDate: 'birth date unknown',
  kinds: {
    note: 'Note',
    lab: 'Lab data',
    prescription: 'Drugs',
    admission: 'Admission',
    visit: 'Visit',
    document: 'Document',
    image: 'Image',
    checkup: 'Checkup',
    condition: 'Condition',
    procedure: 'Procedure',
    immunization: 'Vaccine',
    allergy: 'Allergy',
    vital: 'Vital signs',
  },
  deceased: (day) => `Died ${day}`,
  onDay: (day) => ` (on ${day})`,
  viewing: 'Institution shown',
  allInstitutions: (n) => (n === 1 ? 'All (1)' : `All (${n})`),
  chartNumber: (n) => `Patient no. ${n}`,
  allergies: 'Allergies',
  noAllergies: 'None recorded (this does not mean there are none)',
  criticality: { high: 'severe', low: 'mild', 'unable-to-assess': 'severity unknown' },
  recorded: (day) => `recorded ${day}`,
  overview: 'Records by year',
  overviewHint: 'Choose a year to see its calendar.',
  yearAt: (year, institution) => `${year} ${institution}`,
  nothing: 'no records',
  filters: 'Filter',
  filterKinds: 'Kind',
  filterInstitutions: 'Institution',
  all: 'All',
  noRecords: 'There are no records of this person yet.',
  calendar: 'Calendar',
  gridHint: 'Arrow keys move by day, Page Up and Page Down by month, Enter opens the details, Esc returns.',
  before: 'Previous month',
  after: 'Next month',
  months: (year) => `Months of ${year}`,
  weekdays: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
  count: (n) => (n === 1 ? '1 record' : `${n} records`),
  others: (n) => `+${n}`,
  until: (day) => `until ${day}`,
  monthList: (month) => `Records of ${month}`,
  noneThisMonth: 'No records in this month.',
  noneMatching: 'No records in this month match the filter.',
  showMore: (n) => `Show ${n} more`,
  listColumns: { day: 'Day', institution: 'Institution', kind: 'Kind', content: 'Content' },
  details: 'Details',
  pickOne: 'Choose an icon or a day in the calendar to read it here.',
  noneThisDay: 'No records on this day.',
  noneMatchingDay: 'No records on this day match the filter.',
  close: 'Close details',
  noAuthor: 'author not recorded',
  ageThen: (age) => `aged ${age}`,
  period: (from, to) => `${from} – ${to}`,
  results: { name: 'Test', value: 'Result', range: 'Reference', sign: 'Flag', trend: 'Trend' },
  flags: { H: 'High', HH: 'Very high', L: 'Low', LL: 'Very low', A: 'Abnormal', AA: 'Very abnormal', POS: 'Positive' },
  drugs: { name: 'Drug', dose: 'Dose and use', days: 'Days' },
  forDays: (n) => (n === 1 ? '1 day' : `${n} days`),
  duplicateTest: 'Same test elsewhere',
  duplicateDrug: 'Same drug elsewhere',
  noContent: 'No content recorded.',
  records: (n) => (n === 1 ? '1 original record' : `${n} original records`),
  trend: 'Laboratory trend',
  showTrend: (name) => `Show the trend of ${name}`,
  closeTrend: (name) => `Close the trend of ${name}`,
  range: 'Reference',
  table: 'Show as a table',
  trendSummary: (t) =>
    `${t.name}, ${t.n} values from ${t.from} to ${t.to}. Lowest ${t.low}, highest ${t.high}, latest ${t.last}.`,
  noPoints: 'No numeric values recorded.',
  outside: { high: 'High', low: 'Low' },
  print: 'Print',
  lookers: 'Who looked at this record',
  printed: (day) => `Printed ${day}`,
  person: "Person's record",
};

export const sharingWords: Words<SharingWords> = { ja, en };

function noon(day: Day): Date {
  return new Date(`${day}T12:00:00Z`);
}

function format(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
}

const era = format('ja-JP-u-ca-japanese', { era: 'long', year: 'numeric' });
const dayEn = format('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
const monthEn = format('en-GB', { month: 'long', year: 'numeric' });
const shortEn = format('en-GB', { month: 'short' });

/** Birth dates are written in full, as the viewers of the regional networks do; FHIR lets some know only a year. */
export function birthText(date: string, language: Language): string {
  const [year = '', month, day] = date.split('-');
  if (language === 'en') return `born ${dayText(date, 'en')}`;
  return `${year}年${month === undefined ? '' : `${month}月`}${day === undefined ? '' : `${day}日`}生`;
}

/** 昭和16年: how elderly people say when they were born. */
export function eraText(date: string): string {
  return isDay(date) ? era.format(noon(date)) : '';
}

export function ageText(age: Age, language: Language): string {
  if (language === 'ja') return `${age.years}歳${age.months}ヶ月${age.days}日`;
  const one = (n: number, unit: string) => `${n} ${unit}${n === 1 ? '' : 's'}`;
  return `${one(age.years, 'year')} ${one(age.months, 'month')} ${one(age.days, 'day')}`;
}

export function dayText(date: string, language: Language): string {
  if (language === 'en') return isDay(date) ? dayEn.format(noon(date)) : date;
  const units = ['年', '月', '日'];
  return date
    .split('-')
    .map((part, i) => `${Number(part)}${units[i]}`)
    .join('');
}

export function weekdayText(day: Day, words: Pick<SharingWords, 'weekdays'>): string {
  return words.weekdays[weekday(day)] ?? '';
}

export function dayWithWeekday(day: Day, language: Language): string {
  const name = weekdayText(day, sharingWords[language]);
  return language === 'ja' ? `${dayText(day, 'ja')}（${name}）` : `${name} ${dayText(day, 'en')}`;
}

export function monthText(month: Month, language: Language): string {
  if (language === 'en') return monthEn.format(noon(`${month}-01`));
  return `${Number(month.slice(0, 4))}年${Number(month.slice(5))}月`;
}

export function shortMonth(at: number, language: Language): string {
  if (language === 'ja') return `${at + 1}月`;
  return shortEn.format(noon(`2000-${String(at + 1).padStart(2, '0')}-01`));
}

/** 2019/05/07: where room is short. */
export function shortDay(day: Day): string {
  return day.replaceAll('-', '/');
}

export type { SharingWords };
