// SPDX-License-Identifier: Apache-2.0
// Invented people for the simulated server. Nobody here ever lived; the same on every run.

function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const dayMs = 86_400_000;
const text = (time) => new Date(time).toISOString().slice(0, 10);
const after = (day, days) => text(Date.parse(day) + days * dayMs);

const clinic = { id: '3', name: '富士見内科クリニック', charts: [{ number: 'P0012' }] };
const hospital = { id: '7', name: 'みなと中央病院', charts: [{ number: '0034871' }] };
const eyes = { id: '11', name: 'しおかぜ眼科医院', charts: [{ number: 'E-508' }] };

const tests = [
  {
    name: 'HbA1c',
    code: 'urn:oid:1.2.392.200119.4.504|3D045000001906202',
    unit: '%',
    low: 4.6,
    high: 6.2,
    mean: 7,
    spread: 0.9,
    digits: 1,
  },
  {
    name: '血糖（空腹時）',
    code: 'urn:oid:1.2.392.200119.4.504|3D010000002327101',
    unit: 'mg/dL',
    low: 73,
    high: 109,
    mean: 128,
    spread: 28,
    digits: 0,
  },
  {
    name: 'クレアチニン',
    code: 'urn:oid:1.2.392.200119.4.504|3C015000002327101',
    unit: 'mg/dL',
    low: 0.65,
    high: 1.07,
    mean: 0.98,
    spread: 0.2,
    digits: 2,
  },
  {
    name: 'LDLコレステロール',
    code: 'urn:oid:1.2.392.200119.4.504|3F077000002327101',
    unit: 'mg/dL',
    low: 65,
    high: 163,
    mean: 131,
    spread: 30,
    digits: 0,
  },
  {
    name: 'AST（GOT）',
    code: 'urn:oid:1.2.392.200119.4.504|3B035000002327201',
    unit: 'U/L',
    low: 13,
    high: 30,
    mean: 25,
    spread: 8,
    digits: 0,
  },
  {
    name: 'ヘモグロビン',
    code: 'urn:oid:1.2.392.200119.4.504|2A030000001930101',
    unit: 'g/dL',
    low: 13.7,
    high: 16.8,
    mean: 14.1,
    spread: 1.2,
    digits: 1,
  },
  {
    name: '尿蛋白',
    code: 'urn:oid:1.2.392.200119.4.504|1A010000000190111',
    unit: null,
    low: null,
    high: null,
    words: ['(-)', '(±)', '(1+)'],
  },
];

function results(random) {
  return tests.map((one) => {
    if (one.words)
      return {
        name: one.name,
        value: one.words[Math.floor(random() * 3)],
        unit: null,
        low: null,
        high: null,
        flag: null,
        code: one.code,
        numeric: null,
        trend: false,
      };
    const value = Number((one.mean + (random() - 0.5) * 2 * one.spread).toFixed(one.digits));
    const flag = value > one.high ? 'H' : value < one.low ? 'L' : 'N';
    const { name, code, unit, low, high } = one;
    return { name, value: value.toFixed(one.digits), unit, low, high, flag, code, numeric: value, trend: true };
  });
}

const drugs = [
  { name: 'アムロジピン錠5mg', dose: '1回1錠', usage: '1日1回 朝食後', days: 28 },
  { name: 'メトホルミン塩酸塩錠500mg', dose: '1回1錠', usage: '1日2回 朝夕食後', days: 28 },
  { name: 'ロスバスタチン錠2.5mg', dose: '1回1錠', usage: '1日1回 夕食後', days: 28 },
];

/** Collects events and their details side by side. */
function lifeBook() {
  const events = [];
  const details = new Map();
  const put = (event, detail) => {
    const whole = { time: null, count: 1, ...event };
    events.push(whole);
    const { summary, count, ...head } = whole;
    details.set(whole.id, { author: null, ...head, records: [`Observation/${details.size}`], ...detail });
  };
  return { events, details, put };
}

function note(book, at, institution, author, sections, time = '10:20') {
  book.put(
    {
      id: `DocumentReference:n-${at}-${institution}`,
      kind: 'note',
      day: at,
      time,
      institution,
      title: '医師の記載',
      summary: sections[0].text,
    },
    { author, sections },
  );
}

function lab(book, at, institution, random, duplicate) {
  const rows = results(random);
  if (duplicate) rows[0].duplicate = duplicate;
  book.put(
    {
      id: `lab:${institution}:${at}`,
      kind: 'lab',
      day: at,
      time: '09:30',
      institution,
      title: '検査データ',
      count: rows.length,
      summary: rows
        .slice(0, 3)
        .map((r) => `${r.name} ${r.value}${r.unit ? ` ${r.unit}` : ''}`)
        .join(', '),
    },
    { rows },
  );
}

function prescribe(book, at, institution, list) {
  book.put(
    {
      id: `rx:${institution}:${at}`,
      kind: 'prescription',
      day: at,
      institution,
      title: '処方データ',
      count: list.length,
      summary: list.map((d) => d.name).join(', '),
    },
    { drugs: list.map((d) => ({ duplicate: null, ...d })), author: '佐伯 みどり' },
  );
}

function clinicVisits(book, random) {
  for (let at = '2004-02-10'; at < '2010-05-08'; at = after(at, 28)) {
    note(book, at, clinic.id, '佐伯 みどり', [
      { title: '現病歴', text: '自覚症状に変わりなし。食事療法を続けている。' },
      { title: '所見', text: '血圧 134/78 mmHg。下腿浮腫なし。' },
      { title: '計画', text: '処方を継続。次回採血。' },
    ]);
    prescribe(book, at, clinic.id, drugs.slice(0, 2));
    if (random() < 0.6) lab(book, at, clinic.id, random);
  }
}

function mayOfTheSeed(book, random) {
  note(book, '2010-05-06', hospital.id, '大庭 耕一', [
    { title: '現病歴', text: '3月より右季肋部痛。前医のエコーで胆石を指摘され紹介。\n発熱なし。' },
    { title: '所見', text: '腹部は平坦、軟。右季肋部に軽い圧痛あり。マーフィー徴候は陰性。' },
    { title: '計画', text: '腹腔鏡下胆嚢摘出術を予定。5月10日に入院、11日に手術。' },
  ]);
  lab(book, '2010-05-06', hospital.id, random, { institution: clinic.id, day: '2010-05-04' });
  lab(book, '2010-05-04', clinic.id, random);
  book.put(
    {
      id: 'ImagingStudy:us',
      kind: 'image',
      day: '2010-05-06',
      time: '11:05',
      institution: hospital.id,
      title: '腹部超音波',
      summary: '胆嚢内に結石 8 mm',
    },
    {
      sections: [{ title: '読影', text: '胆嚢内に音響陰影を伴う高エコー 8 mm。壁肥厚なし。' }],
      author: '野々村 彩',
    },
  );
  book.put(
    {
      id: 'DocumentReference:letter',
      kind: 'document',
      day: '2010-05-06',
      institution: hospital.id,
      title: '診療情報提供書',
      summary: '富士見内科クリニックより',
    },
    { sections: [{ title: '', text: '右季肋部痛の精査をお願いいたします。' }], author: '佐伯 みどり' },
  );
  prescribe(book, '2010-05-06', hospital.id, [
    { ...drugs[0], duplicate: { institution: clinic.id, day: '2010-05-04' } },
    { name: 'ウルソデオキシコール酸錠100mg', dose: '1回1錠', usage: '1日3回 毎食後', days: 14 },
  ]);
  book.put(
    {
      id: 'Encounter:stay',
      kind: 'admission',
      day: '2010-05-10',
      end: '2010-05-17',
      institution: hospital.id,
      title: '入院',
      summary: '外科 胆石症',
    },
    {
      sections: [
        { title: '診療科', text: '外科' },
        { title: '入院理由', text: '胆石症の手術のため' },
      ],
    },
  );
  book.put(
    {
      id: 'Procedure:chole',
      kind: 'procedure',
      day: '2010-05-11',
      time: '13:40',
      institution: hospital.id,
      title: '腹腔鏡下胆嚢摘出術',
      summary: '出血 20 mL',
    },
    { author: '大庭 耕一' },
  );
  for (const at of ['2010-05-11', '2010-05-12', '2010-05-13', '2010-05-14']) {
    book.put(
      {
        id: `vital:7:${at}`,
        kind: 'vital',
        day: at,
        time: '06:00',
        institution: hospital.id,
        title: 'バイタル',
        summary: '体温 36.8 ℃, 血圧 128/70',
        count: 4,
      },
      {
        rows: [
          {
            name: '体温',
            value: '36.8',
            unit: '℃',
            low: null,
            high: null,
            flag: null,
            code: null,
            numeric: 36.8,
            trend: false,
          },
        ],
      },
    );
  }
  lab(book, '2010-05-12', hospital.id, random);
  note(book, '2010-05-20', eyes.id, '真鍋 しずか', [{ title: '所見', text: '糖尿病網膜症なし。' }], null);
  book.put(
    {
      id: 'Observation:checkup',
      kind: 'checkup',
      day: '2010-05-24',
      institution: clinic.id,
      title: '特定健診',
      summary: '判定: 情報提供',
    },
    {
      rows: [
        {
          name: '腹囲',
          value: '88.5',
          unit: 'cm',
          low: null,
          high: null,
          flag: 'H',
          code: null,
          numeric: 88.5,
          trend: false,
        },
      ],
    },
  );
  book.put(
    {
      id: 'Immunization:flu',
      kind: 'immunization',
      day: '2009-11-05',
      institution: clinic.id,
      title: 'インフルエンザ',
      summary: '1回目',
    },
    {},
  );
}

function fullLife() {
  const random = chance(41);
  const book = lifeBook();
  clinicVisits(book, random);
  mayOfTheSeed(book, random);
  for (let year = 2007; year < 2010; year++) lab(book, `${year}-06-15`, hospital.id, random);
  for (let year = 2006; year < 2010; year++)
    note(book, `${year}-09-03`, eyes.id, '真鍋 しずか', [{ title: '所見', text: '視力 右 0.9 左 1.0。網膜症なし。' }]);
  return {
    person: '1',
    name: '神崎 太一',
    kana: 'カンザキ タイチ',
    gender: 'male',
    birthDate: '1941-04-21',
    deceased: null,
    institutions: [clinic, hospital, eyes],
    allergies: [
      { text: '造影剤（ヨード）', institution: '7', recorded: '2010-05-06', criticality: 'low' },
      { text: 'ペニシリン', institution: '3', recorded: '2004-02-10', criticality: 'high' },
    ],
    ...book,
  };
}

function crowdedLife() {
  const random = chance(5);
  const book = lifeBook();
  const institutions = Array.from({ length: 30 }, (_, i) => ({
    id: `c${i}`,
    name: `第${i + 1}号とても名前の長い医療法人社団の総合病院`,
    charts: [{ number: `${i}` }],
  }));
  const kinds = ['note', 'lab', 'prescription', 'vital', 'image', 'document', 'visit', 'condition'];
  for (let i = 0; i < 4000; i++) {
    const day = after('2015-03-01', Math.floor(random() * 31));
    book.put(
      {
        id: `Observation:${i}`,
        kind: kinds[i % kinds.length],
        day,
        time: '12:00',
        institution: `c${i % 30}`,
        title: '',
        summary: `記録 ${i}`,
      },
      {},
    );
  }
  for (let year = 1935; year < 2015; year++)
    book.put(
      {
        id: `Encounter:${year}`,
        kind: 'visit',
        day: `${year}-07-01`,
        institution: `c${year % 30}`,
        title: '受診',
      },
      {},
    );
  return {
    person: 'crowded',
    name: '長谷部 寿限無五劫の擦り切れ海砂利水魚',
    kana: 'ハセベ ジュゲムゴコウノスリキレカイジャリスイギョ',
    gender: 'female',
    birthDate: '1930-01-01',
    deceased: '2015-04-01',
    institutions,
    allergies: institutions
      .slice(0, 6)
      .map((one, i) => ({ text: `食物 ${i}`, institution: one.id, recorded: null, criticality: null })),
    ...book,
  };
}

function emptyLife(person, name, more = {}) {
  return {
    person,
    name,
    kana: '',
    gender: 'unknown',
    birthDate: null,
    deceased: null,
    institutions: [],
    allergies: [],
    events: [],
    details: new Map(),
    ...more,
  };
}

const lives = new Map(
  [
    fullLife(),
    crowdedLife(),
    emptyLife('empty', ''),
    emptyLife('faulty', '故障 試験'),
    { ...fullLife(), person: 'half-faulty', name: '半分 故障' },
    { ...fullLife(), person: 'slow', name: '遅延 試験' },
    ...Array.from({ length: 70 }, (_, i) =>
      emptyLife(`x${i}`, `見本 ${i + 1}号`, {
        kana: `ミホン ${i + 1}ゴウ`,
        birthDate: `19${30 + (i % 60)}-0${1 + (i % 9)}-1${i % 9}`,
        gender: i % 2 ? 'male' : 'female',
      }),
    ),
  ].map((life) => [life.person, life]),
);

export const people = [...lives.values()].map(({ person, name, kana, gender, birthDate }) => ({
  person,
  name,
  kana,
  gender,
  birthDate,
}));

/** A life without the details, as the overview and the events are made of. */
export function timelineOf(person) {
  const life = lives.get(person);
  if (life === undefined) return undefined;
  const { details, ...rest } = life;
  return rest;
}

export function detailOf(life, id) {
  return lives.get(life.person).details.get(id);
}

export function trendOf(life, code) {
  const points = [];
  let like;
  for (const detail of lives.get(life.person).details.values()) {
    for (const row of detail.rows ?? []) {
      if (row.code !== code || row.numeric === null) continue;
      like = row;
      points.push({ day: detail.day, value: row.numeric, institution: detail.institution });
    }
  }
  if (like === undefined) return undefined;
  points.sort((a, b) => b.day.localeCompare(a.day));
  return { name: like.name, unit: like.unit, low: like.low, high: like.high, points };
}
