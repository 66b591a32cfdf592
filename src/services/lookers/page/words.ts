// SPDX-License-Identifier: Apache-2.0
// The words of "who looked at my record".
import type { Language, Words } from '@i18n/language';
import type { Verdict } from './verdict';

interface LookersWords {
  title: string;
  intro: string;
  columns: { at: string; organisation: string; who: string; purpose: string; what: string; seal: string };
  kinds: Record<string, string>;
  purposes: Record<string, string>;
  types: Record<string, string>;
  records: (text: string, n: number) => string;
  between: string;
  noOrganisation: string;
  emergency: string;
  unexplained: string;
  failed: string;
  withOthers: string;
  verdicts: Record<Verdict, string>;
  withheld: { others: string; names: string };
  checking: string;
  summaryGood: (proved: number, sealed: number, pending: number) => string;
  summaryBad: (n: number) => string;
  summaryHow: string;
  key: string;
  keyHint: string;
  own: string;
  none: string;
  noneButOwn: string;
  more: string;
  print: string;
  file: string;
  fileHint: string;
  proof: string;
  entryNumber: (n: number) => string;
  pickPerson: string;
  toPeople: string;
}

export const lookersWords: Words<LookersWords> = {
  ja: {
    title: '誰が記録を見たか',
    intro:
      'この記録が、いつ、どの機関の、どの立場の人に、何のために見られたかの一覧です。一覧は消したり書き換えたりすると分かるように封印されています。',
    columns: {
      at: '日時',
      organisation: '機関',
      who: '見た人',
      purpose: '目的',
      what: '内容',
      seal: '封印の確認',
    },
    kinds: {
      read: '記録を開いた',
      search: '検索して表示した',
      create: '記録を書いた',
      update: '記録を改めた',
      delete: '記録を消した',
      history: '過去の版を見た',
      everything: '記録全体を取り出した',
      export: '書き出した',
      import: '取り込んだ',
      refused: '見ようとして断られた',
      'consent-decision': '同意に基づく判定',
      'break-glass': '緊急時の開示',
      disclosure: '第三者へ提供した',
      receipt: '第三者から受け取った',
      job: 'システムの処理',
      case: '二人で決める案件',
      purge: '保存期間の過ぎた記録の消去',
      'audit-read': 'この閲覧履歴を見た',
    },
    purposes: {
      TREAT: '診療',
      ETREAT: '救急の診療',
      CAREMGT: '健康管理・介護',
      HPAYMT: '保険・支払',
      HRESCH: '研究',
      PUBHLTH: '公衆衛生',
      PATRQT: 'ご本人の求め',
      HOPERAT: 'システムの運用',
    },
    types: {
      Patient: '基本情報',
      Observation: '検査・測定',
      DiagnosticReport: '検査報告',
      MedicationRequest: '処方',
      MedicationDispense: '調剤',
      MedicationStatement: '服薬',
      MedicationAdministration: '投薬',
      Condition: '病名',
      AllergyIntolerance: 'アレルギー',
      Encounter: '受診・入院',
      Procedure: '処置・手術',
      Immunization: '予防接種',
      DocumentReference: '文書',
      Composition: '文書',
      ImagingStudy: '画像',
      Coverage: '保険',
      Consent: '同意',
      Organization: '機関の情報',
      Practitioner: '医療者の情報',
    },
    records: (text, n) => `${text} ${n}件`,
    between: '、',
    noOrganisation: '―',
    emergency: '緊急',
    unexplained: '関係の記録なし',
    failed: '示されませんでした',
    withOthers: 'ほかの人の記録とともに',
    verdicts: {
      proved: '確認済み',
      sealed: '封印のみ確認',
      pending: '封印待ち',
      untrue: '表示が封印と違う',
      entry: '文面が封印と違う',
      tree: '封印された一覧にない',
      signature: '署名が正しくない',
      form: '証明の形が正しくない',
    },
    withheld: {
      others: 'ほかの人の記録も含むため、文面は示せません。',
      names: '地域の方針で医療者の氏名を示さないため、文面は示せません。',
    },
    checking: 'このブラウザーで封印を確かめています…',
    summaryGood: (proved, sealed, pending) =>
      `このブラウザーで確かめました：${proved}件は文面まで一致${sealed > 0 ? `、${sealed}件は封印を確認` : ''}${pending > 0 ? `、${pending}件は封印待ち` : ''}。`,
    summaryBad: (n) => `${n}件の封印が合いません。このページを保存し、運用者の相談窓口に知らせてください。`,
    summaryHow:
      '封印は、全記録の要約（チェックポイント）への署名です。1件でも消されたり書き換えられたりすると合わなくなります。',
    key: '署名を確かめた鍵',
    keyHint: '運用者が公表している鍵と同じかを見比べてください。',
    own: 'ご本人・代理人による閲覧も表示する',
    none: 'まだ誰も見ていません。',
    noneButOwn: 'ご本人・代理人のほかに見た人はいません。',
    more: 'さらに前を表示',
    print: '印刷',
    file: '証明のファイルを保存',
    fileHint: 'ネットワークにつながずに確かめられます：',
    proof: '証明',
    entryNumber: (n) => `通し番号 ${n}`,
    pickPerson: 'どなたの記録かを選んでください。',
    toPeople: '患者の一覧',
  },
  en: {
    title: 'Who looked at the record',
    intro:
      'When this record was looked at, from which institution, in which role and for what. The list is sealed: removing or changing an entry shows.',
    columns: {
      at: 'When',
      organisation: 'Institution',
      who: 'Who',
      purpose: 'Purpose',
      what: 'What',
      seal: 'Seal',
    },
    kinds: {
      read: 'opened records',
      search: 'found by a search',
      create: 'wrote a record',
      update: 'changed a record',
      delete: 'deleted a record',
      history: 'looked at past versions',
      everything: 'took the whole record',
      export: 'exported',
      import: 'imported',
      refused: 'tried and was refused',
      'consent-decision': 'a decision on consent',
      'break-glass': 'opened in an emergency',
      disclosure: 'provided to a third party',
      receipt: 'received from a third party',
      job: 'the system’s own work',
      case: 'a case for two persons',
      purge: 'erased after its retention',
      'audit-read': 'looked at this list',
    },
    purposes: {
      TREAT: 'treatment',
      ETREAT: 'emergency treatment',
      CAREMGT: 'care management',
      HPAYMT: 'insurance and payment',
      HRESCH: 'research',
      PUBHLTH: 'public health',
      PATRQT: 'the person’s own request',
      HOPERAT: 'operation of the system',
    },
    types: {
      Patient: 'basic data',
      Observation: 'results and measurements',
      DiagnosticReport: 'reports',
      MedicationRequest: 'prescriptions',
      MedicationDispense: 'dispensings',
      MedicationStatement: 'medication taken',
      MedicationAdministration: 'administrations',
      Condition: 'conditions',
      AllergyIntolerance: 'allergies',
      Encounter: 'visits and stays',
      Procedure: 'procedures',
      Immunization: 'immunisations',
      DocumentReference: 'documents',
      Composition: 'documents',
      ImagingStudy: 'images',
      Coverage: 'insurance',
      Consent: 'consents',
      Organization: 'institutions',
      Practitioner: 'professionals',
    },
    records: (text, n) => `${n} × ${text}`,
    between: ', ',
    noOrganisation: '–',
    emergency: 'emergency',
    unexplained: 'no relation on record',
    failed: 'nothing was shown',
    withOthers: 'together with other people’s records',
    verdicts: {
      proved: 'checked',
      sealed: 'seal checked',
      pending: 'not sealed yet',
      untrue: 'shown differs from sealed',
      entry: 'text differs from sealed',
      tree: 'not in the sealed list',
      signature: 'signature is wrong',
      form: 'proof is malformed',
    },
    withheld: {
      others: 'Its text is not given, since it tells of other people too.',
      names: 'Its text is not given, since the network does not name professionals.',
    },
    checking: 'This browser is checking the seals…',
    summaryGood: (proved, sealed, pending) =>
      `Checked in this browser: ${proved} with their text${sealed > 0 ? `, ${sealed} by their seal` : ''}${pending > 0 ? `, ${pending} not sealed yet` : ''}.`,
    summaryBad: (n) => `${n} seals do not fit. Keep this page and tell the operator’s help desk.`,
    summaryHow:
      'The seal is a signature on a summary (a checkpoint) of all entries. It stops fitting when a single one is removed or changed.',
    key: 'Key that signed',
    keyHint: 'Compare it with the key that the operator has published.',
    own: 'Show what the person or a proxy looked at, too',
    none: 'Nobody has looked yet.',
    noneButOwn: 'Nobody but the person or a proxy has looked.',
    more: 'Show earlier ones',
    print: 'Print',
    file: 'Save the proofs',
    fileHint: 'They can be checked without a network:',
    proof: 'Proof',
    entryNumber: (n) => `entry ${n}`,
    pickPerson: 'Choose whose record it is.',
    toPeople: 'People',
  },
};

const clocks: Record<Language, Intl.DateTimeFormat> = {
  ja: new Intl.DateTimeFormat('ja-JP', {
    timeZone: 'Asia/Tokyo',
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  }),
  en: new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Asia/Tokyo',
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  }),
};

/** Clock time in Japan, whatever the reader's device says. */
export function clockText(at: string, language: Language): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? at : clocks[language].format(time);
}
