// SPDX-License-Identifier: Apache-2.0
// Files of two invented institutions about one invented person, with the birth date, the day and
// the kinds of record that the regional networks' viewers show: what the real program imports.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const jlac = 'urn:oid:1.2.392.200119.4.504';
const yj = 'urn:oid:1.2.392.100495.20.1.73';
const insured = { system: 'urn:oid:1.2.392.100495.20.3.61.06123456', value: '00012345:00067890:01' };

function patient(id, number) {
  const reading = { url: 'http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation', valueCode: 'SYL' };
  return {
    resourceType: 'Patient',
    id,
    identifier: [{ system: `urn:oid:1.2.392.100495.20.3.51.1${number}`, value: number }, insured],
    name: [
      { family: '神崎', given: ['太一'] },
      { extension: [reading], family: 'カンザキ', given: ['タイチ'] },
    ],
    gender: 'male',
    birthDate: '1941-04-21',
  };
}

function concept(system, code, display) {
  return { coding: [{ system, code, display }], text: display };
}

function result(id, subject, day, [code, name, value, unit, low, high]) {
  const flag = value > high ? 'H' : value < low ? 'L' : 'N';
  return {
    resourceType: 'Observation',
    id,
    status: 'final',
    category: [concept('http://terminology.hl7.org/CodeSystem/observation-category', 'laboratory', '検査')],
    code: concept(jlac, code, name),
    subject,
    effectiveDateTime: `${day}T09:30:00+09:00`,
    valueQuantity: { value, unit, system: 'http://unitsofmeasure.org', code: unit },
    referenceRange: [{ low: { value: low, unit }, high: { value: high, unit } }],
    interpretation: [concept('http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', flag, flag)],
  };
}

function prescription(id, subject, day, code, name, days) {
  return {
    resourceType: 'MedicationRequest',
    id,
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: concept(yj, code, name),
    subject,
    authoredOn: day,
    dosageInstruction: [{ text: '1日1回 朝食後', doseAndRate: [{ doseQuantity: { value: 1, unit: '錠' } }] }],
    dispenseRequest: {
      expectedSupplyDuration: { value: days, unit: '日', system: 'http://unitsofmeasure.org', code: 'd' },
    },
  };
}

function note(id, subject, day, author, text) {
  return {
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    type: concept('http://loinc.org', '11506-3', 'Progress note'),
    subject,
    date: `${day}T10:20:00+09:00`,
    author: [{ display: author }],
    content: [{ attachment: { contentType: 'text/plain', data: Buffer.from(text).toString('base64') } }],
  };
}

const hba1c = ['3D045000001906202', 'HbA1c'];

function clinic() {
  const subject = { reference: 'Patient/kanzaki-clinic' };
  const days = ['2009-08-04', '2009-11-05', '2010-02-02', '2010-05-04'];
  return [
    patient('kanzaki-clinic', '0012'),
    {
      resourceType: 'AllergyIntolerance',
      id: 'penicillin',
      clinicalStatus: concept('http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', 'active', 'Active'),
      criticality: 'high',
      code: { text: 'ペニシリン' },
      patient: subject,
      recordedDate: '2004-02-10',
    },
    ...days.map((day, i) => result(`a1c-${i}`, subject, day, [...hba1c, (61 + i * 3) / 10, '%', 4.6, 6.2])),
    prescription('amlodipine-clinic', subject, '2010-05-04', '2171022F2029', 'アムロジピン錠5mg', 28),
    note(
      'visit-clinic',
      subject,
      '2010-05-04',
      '佐伯 みどり',
      '【現病歴】変わりなし。【所見】血圧 134/78。【計画】処方を継続。',
    ),
  ];
}

function hospital() {
  const subject = { reference: 'Patient/kanzaki-hospital' };
  return [
    patient('kanzaki-hospital', '0034871'),
    result('a1c-hospital', subject, '2010-05-06', [...hba1c, 7.4, '%', 4.6, 6.2]),
    result('hb-hospital', subject, '2010-05-06', ['2A030000001930101', 'ヘモグロビン', 12.9, 'g/dL', 13.7, 16.8]),
    prescription('amlodipine-hospital', subject, '2010-05-06', '2171022F2029', 'アムロジピン錠5mg', 14),
    note(
      'visit-hospital',
      subject,
      '2010-05-06',
      '大庭 耕一',
      '【現病歴】右季肋部痛。【所見】マーフィー徴候は陰性。【計画】手術を予定する。',
    ),
    {
      resourceType: 'Encounter',
      id: 'stay',
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP', display: '入院' },
      subject,
      period: { start: '2010-05-10T10:00:00+09:00', end: '2010-05-17T11:00:00+09:00' },
      reasonCode: [{ text: '胆石症' }],
    },
  ];
}

/** Two folders in `out`, each with its source and its records, one a line. */
export function writeSeed(out) {
  for (const [folder, name, records] of [
    ['clinic', '富士見内科クリニック', clinic()],
    ['hospital', 'みなと中央病院', hospital()],
  ]) {
    const at = join(out, folder);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'source.json'), JSON.stringify({ uri: `urn:kumihimo:test:${folder}`, name }));
    writeFileSync(join(at, 'records.ndjson'), records.map((one) => `${JSON.stringify(one)}\n`).join(''));
  }
}
