// SPDX-License-Identifier: Apache-2.0
// The shell's own words. A service keeps its words beside its page.
import type { Words } from './language';

interface ShellWords {
  product: string;
  records: string;
  start: string;
  emergency: string;
  lookers: string;
  notices: string;
  skip: string;
  otherLanguage: string;
  signIn: string;
  signOut: string;
  demoTitle: string;
  demoText: string;
  openTitle: string;
  openText: string;
  loading: string;
  again: string;
  noPage: string;
  back: string;
  broken: string;
  faults: { unreached: string; signIn: string; absent: string; busy: string; broken: string };
}

export const shellWords: Words<ShellWords> = {
  ja: {
    product: 'Kumihimo',
    records: '保健医療記録',
    start: '患者の一覧',
    emergency: '救急',
    lookers: '誰が見たか',
    notices: 'お知らせ',
    skip: '本文へ移動',
    otherLanguage: 'English',
    signIn: 'サインイン',
    signOut: 'サインアウト',
    demoTitle: 'これはデモです',
    demoText: '人も施設も架空です。だれでも、どの役割ででも入れます。実在する人の記録を入れないでください。',
    openTitle: '認証は切られています',
    openText: 'だれでもこの画面を開けます。実在する人の記録を入れないでください。',
    loading: '読み込んでいます…',
    again: 'もう一度読み込む',
    noPage: 'このページはありません。',
    back: '患者の一覧へ戻る',
    broken: '画面の表示に失敗しました。',
    faults: {
      unreached: 'サーバーに接続できません。ネットワークを確認してください。',
      signIn: '閲覧するにはサインインが必要です。',
      absent: '見つかりません。記録が存在しないか、閲覧が許可されていません。',
      busy: 'サーバーが混み合っています。少し待ってからもう一度お試しください。',
      broken: 'サーバーで問題が起きました。表示されている内容は完全ではありません。',
    },
  },
  en: {
    product: 'Kumihimo',
    records: 'health records',
    start: 'People',
    emergency: 'Emergency',
    lookers: 'Who looked',
    notices: 'Notices',
    skip: 'Skip to content',
    otherLanguage: '日本語',
    signIn: 'Sign in',
    signOut: 'Sign out',
    demoTitle: 'This is a demonstration',
    demoText:
      'People and institutions are invented. Anyone can enter in any role. Do not put records of real people here.',
    openTitle: 'Authentication is off',
    openText: 'Anyone can open this page. Do not put records of real people here.',
    loading: 'Loading…',
    again: 'Load again',
    noPage: 'There is no such page.',
    back: 'Back to the list of people',
    broken: 'The page could not be shown.',
    faults: {
      unreached: 'The server cannot be reached. Check the network.',
      signIn: 'You need to sign in to see this.',
      absent: 'Not found. The record does not exist, or you may not see it.',
      busy: 'The server is busy. Wait a moment and try again.',
      broken: 'The server had a problem. What you see is not complete.',
    },
  },
};
