// SPDX-License-Identifier: Apache-2.0
// The words of the emergency screens in both languages.
import type { Language, Words } from '@i18n/language';

interface EmergencyWords {
  title: string;
  lead: string;
  number: string;
  numberHint: string;
  or: string;
  name: string;
  nameHint: string;
  birth: string;
  birthHint: string;
  search: string;
  nobody: string;
  found: (n: number) => string;
  choose: string;
  opened: string;
  agreed: string;
  tooMany: string;
  glass: string;
  glassLead: string;
  what: string[];
  reason: string;
  why: string;
  whyHint: (n: number) => string;
  short: (n: number) => string;
  open: string;
  refused: string;
  refusedText: string;
  another: string;
  mine: string;
  until: (time: string) => string;
  ended: string;
  deceased: string;
  age: (years: number) => string;
  genders: Record<string, string>;
  unknown: string;
  minimum: string;
  full: string;
  standing: string;
  refusedParts: string;
  told: string;
  print: string;
  printed: string;
  grave: string;
  none: Record<string, string>;
  notRecorded: string;
  sections: Record<string, string>;
  othersTitle: (n: number) => string;
  items: string;
  itemsText: string;
  itemColumns: { item: string; records: string };
  ours: string;
  extend: string;
  extendText: (grant: number) => string;
  extendWords: string;
  extendNumber: string;
  extendDone: (grant: number) => string;
  reviews: string;
  alarm: (n: number) => string;
  open_: (n: number) => string;
  noReviews: string;
  due: (time: string) => string;
  overdue: string;
  justified: string;
  unjustified: string;
  judgeWords: string;
  done: string;
  second: (name: string) => string;
  notices: string;
  noNotices: string;
  unread: (n: number) => string;
  markRead: string;
  read: string;
  kinds: Record<string, string>;
  verdicts: Record<string, string>;
  by: string;
  faults: Record<number, string>;
}

export const emergencyWords: Words<EmergencyWords> = {
  ja: {
    title: '救急時の閲覧',
    lead: '意識がないなど、本人の同意を得られないときに使います。使ったことは本人に知らされます。',
    number: '番号',
    numberHint: '診察券・保険の番号をそのまま',
    or: 'または',
    name: '氏名',
    nameHint: '漢字・かな・ローマ字',
    birth: '生年月日',
    birthHint: '1948-03-05 または S23.3.5',
    search: '探す',
    nobody: '該当する人はいません。番号や生年月日を確かめてください。',
    found: (n) => `${n} 人`,
    choose: '選ぶ',
    opened: '閲覧中',
    agreed: '登録時に同意済み',
    tooMany: '該当する人が多すぎます。番号、または氏名の全部を入力してください。',
    glass: '同意なしで開く',
    glassLead: 'この人の「救急時に共有する項目」を 24 時間開きます。',
    what: [
      '本人・代理人・かかりつけ医に通知されます',
      '72 時間以内に第三者が審査します',
      '開いた人と見た記録は消せない形で残ります',
    ],
    reason: '理由',
    why: '状況を言葉で',
    whyHint: (n) => `${n} 文字以上。例: 意識なし、JCS 300。所持品の診察券で確認`,
    short: (n) => `あと ${n} 文字`,
    open: '記録を開く',
    refused: '本人は救急時の閲覧を拒否しています',
    refusedText: '本人があらかじめ示した意思に従い、開くことはできません。この試みは本人に知らされます。',
    another: '別の人を探す',
    mine: '自分が開いたもの',
    until: (time) => `${time} まで`,
    ended: '終了',
    deceased: '死亡の記録あり',
    age: (years) => `${years} 歳`,
    genders: { male: '男性', female: '女性', other: 'その他', unknown: '性別不明' },
    unknown: '不明',
    minimum: '救急時の項目のみ',
    full: '全記録 (2 人目の医療者が承認)',
    standing: '登録時の同意による閲覧',
    refusedParts: '本人が救急時の閲覧を拒否している項目があり、それらは表示されていません。',
    told: '本人に通知済み',
    print: '印刷',
    printed: '印刷物の取り扱いに注意。不要になれば裁断してください。',
    grave: '重症化の危険',
    none: {
      allergies: 'アレルギーの記録はありません。アレルギーがないという意味ではありません。',
      directives: '事前指示の記録はありません。',
      blood: '血液型の記録はありません。',
      medicines: '服薬中の薬の記録はありません。',
      problems: '主な病名の記録はありません。',
      contacts: '緊急連絡先の記録はありません。',
    },
    notRecorded: '記録なし',
    sections: {
      allergies: 'アレルギー',
      directives: '事前指示',
      blood: '血液型',
      summary: '緊急時サマリ',
      medicines: '服薬中の薬',
      problems: '主な病名・症状',
      contacts: '緊急連絡先',
      history: '手術・麻酔・輸血・材料',
      tests: '検査の実施',
      pastMedicines: '過去の薬・処方',
      visits: '受診した医療機関・薬局',
      insurance: '保険・公費',
    },
    othersTitle: (n) => `その他の記録 ${n} 件`,
    items: '共有項目の一覧',
    itemsText: '国の検討資料の「救急時に共有する医療情報」26 項目と、本システムが加えた項目。',
    itemColumns: { item: '項目', records: '件数' },
    ours: '追加',
    extend: '全記録まで広げる',
    extendText: (grant) => `2 人目の医療者が自分の端末でこの番号を入力します: ${grant}`,
    extendWords: '広げる理由',
    extendNumber: '同僚の閲覧の番号',
    extendDone: (grant) => `番号 ${grant} の閲覧を全記録まで広げました。`,
    reviews: '救急時の閲覧の審査',
    alarm: (n) => `警告: 72 時間を過ぎた未審査が ${n} 件あります`,
    open_: (n) => `未審査 ${n} 件`,
    noReviews: '審査を待つものはありません。',
    due: (time) => `期限 ${time}`,
    overdue: '期限切れ',
    justified: '正当',
    unjustified: '不当',
    judgeWords: '所見 (不当のときは 10 文字以上)',
    done: '審査済みも見る',
    second: (name) => `2 人目: ${name}`,
    notices: 'お知らせ',
    noNotices: 'お知らせはありません。',
    unread: (n) => `未読 ${n} 件`,
    markRead: '読みました',
    read: '既読',
    kinds: {
      grant: '救急のため、同意なしで記録が開かれました',
      extended: '2 人目の医療者の承認で、全記録まで広げられました',
      refused: '救急時の閲覧が試みられましたが、あなたの意思により開かれませんでした',
      standing: '登録時の同意により、救急の施設が記録を見ました',
      reviewed: '救急時の閲覧の審査が終わりました',
    },
    verdicts: { justified: '審査の結果: 正当', unjustified: '審査の結果: 不当', '': '審査中' },
    by: '開いた人',
    faults: {
      401: 'パスキーまたは証明書で、もう一度本人確認をしてください (12 時間以内のものが必要です)。',
      403: '許可されていません。登録された救急の施設の医療者だけが使えます。',
      409: 'すでに済んでいます。',
      410: 'この閲覧は終了しています。',
    },
  },
  en: {
    title: 'Emergency access',
    lead: 'For when somebody cannot be asked, being unconscious for one. They will be told that it was used.',
    number: 'Number',
    numberHint: 'of a patient card or insurance, as it stands',
    or: 'or',
    name: 'Name',
    nameHint: 'kanji, kana or romaji',
    birth: 'Born',
    birthHint: '1948-03-05 or S23.3.5',
    search: 'Find',
    nobody: 'There is no such person. Check the number or the birth date.',
    found: (n) => `${n} found`,
    choose: 'Choose',
    opened: 'open now',
    agreed: 'agreed at registration',
    tooMany: 'Too many people. Write a number, or the whole name.',
    glass: 'Open without consent',
    glassLead: 'This opens the items shared in an emergency, for 24 hours.',
    what: [
      'The person, who stands for them and their home doctor are told',
      'Somebody else reviews it within 72 hours',
      'Who opened it and what was seen stays on record',
    ],
    reason: 'Reason',
    why: 'In your own words',
    whyHint: (n) => `at least ${n} characters, e.g. unconscious, GCS 3, found by the patient card`,
    short: (n) => `${n} more characters`,
    open: 'Open the records',
    refused: 'The person refused emergency access',
    refusedText: 'What they said beforehand is heeded: it cannot be opened. They will be told of this attempt.',
    another: 'Find somebody else',
    mine: 'Opened by me',
    until: (time) => `until ${time}`,
    ended: 'ended',
    deceased: 'recorded as deceased',
    age: (years) => `age ${years}`,
    genders: { male: 'male', female: 'female', other: 'other', unknown: 'sex unknown' },
    unknown: 'unknown',
    minimum: 'emergency items only',
    full: 'full record (approved by a second clinician)',
    standing: 'seen as agreed at registration',
    refusedParts: 'The person refused emergency access to some items. Those are not shown.',
    told: 'the person was told',
    print: 'Print',
    printed: 'Take care of this sheet, and shred it when it is no longer needed.',
    grave: 'high risk',
    none: {
      allergies: 'No allergies recorded. It does not mean that there are none.',
      directives: 'No advance directives recorded.',
      blood: 'No blood group recorded.',
      medicines: 'No current medicines recorded.',
      problems: 'No main problems recorded.',
      contacts: 'No contacts recorded.',
    },
    notRecorded: 'none recorded',
    sections: {
      allergies: 'Allergies',
      directives: 'Advance directives',
      blood: 'Blood group',
      summary: 'Emergency summary',
      medicines: 'Current medicines',
      problems: 'Main problems, symptoms',
      contacts: 'Contacts',
      history: 'Operations, anaesthesia, transfusion, materials',
      tests: 'Tests done',
      pastMedicines: 'Past medicines, prescriptions',
      visits: 'Institutions and pharmacies visited',
      insurance: 'Insurance, public expense',
    },
    othersTitle: (n) => `Other records (${n})`,
    items: 'The shared items',
    itemsText: 'The 26 items that the national plan shares in an emergency, and those that this system adds.',
    itemColumns: { item: 'Item', records: 'Records' },
    ours: 'added',
    extend: 'Extend to the full record',
    extendText: (grant) => `A second clinician enters this number at their own place: ${grant}`,
    extendWords: 'Why it must be extended',
    extendNumber: 'Number of your colleague’s access',
    extendDone: (grant) => `Access ${grant} now reaches the full record.`,
    reviews: 'Review of emergency access',
    alarm: (n) => `Alarm: ${n} not reviewed within 72 hours`,
    open_: (n) => `${n} waiting`,
    noReviews: 'Nothing waits for review.',
    due: (time) => `due ${time}`,
    overdue: 'overdue',
    justified: 'Justified',
    unjustified: 'Unjustified',
    judgeWords: 'Remarks (10 characters at least when unjustified)',
    done: 'Also show what was reviewed',
    second: (name) => `second: ${name}`,
    notices: 'Notices',
    noNotices: 'There are no notices.',
    unread: (n) => `${n} unread`,
    markRead: 'I have read it',
    read: 'read',
    kinds: {
      grant: 'Your records were opened in an emergency, without consent',
      extended: 'A second clinician extended it to the full record',
      refused: 'Somebody tried to open your records in an emergency; as you wished, they were not opened',
      standing: 'An emergency site saw your records, as agreed at registration',
      reviewed: 'The review of an emergency access has ended',
    },
    verdicts: { justified: 'Found justified', unjustified: 'Found unjustified', '': 'under review' },
    by: 'Opened by',
    faults: {
      401: 'Show your passkey or certificate again (it must be younger than 12 hours).',
      403: 'Not allowed. Only clinicians of a registered emergency site may use this.',
      409: 'It was done before.',
      410: 'This access has ended.',
    },
  },
};

/** 2026-11-27 16:05, in Japan, whatever the reader's clock is set to. */
export function timeText(instant: string | null, language: Language): string {
  if (instant === null) return '';
  return new Intl.DateTimeFormat(language === 'ja' ? 'ja-JP' : 'en-GB', {
    timeZone: 'Asia/Tokyo',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).format(new Date(instant));
}

/** Characters as the node counts them: code points, without spaces at the ends. */
export function characters(text: string): number {
  return [...text.trim()].length;
}
