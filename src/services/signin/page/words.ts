// SPDX-License-Identifier: Apache-2.0
import type { Words } from '@i18n/language';

export interface SignInWords {
  title: string;
  lead: string;
  none: string;
  atProvider: string;
  byProvider: (name: string) => string;
  passkeyTitle: string;
  passkeyText: string;
  passkeyButton: string;
  passkeyNotHere: string;
  notShown: string;
  second: string;
  secondText: string;
  secondNone: string;
  codeLabel: string;
  codeHint: string;
  enrol: string;
  cards: Record<string, { title: string; text: string }>;
  cardBegin: string;
  cardText: string;
  cardCopy: string;
  cardCopied: string;
  cardCertificate: string;
  cardSignature: string;
  cardAlgorithm: string;
  cardFinish: string;
  cardUnreadable: string;
  demoTitle: string;
  demoText: string;
  demoAs: (role: string) => string;
  returning: string;
  refusedThere: string;
  broken: string;
  refused: string;
  backToSignIn: string;
  account: string;
  notSignedIn: string;
  role: string;
  secondFactor: string;
  shown: string;
  notYetShown: string;
  passkeys: string;
  noPasskeys: string;
  passkeyNumber: (n: number) => string;
  remove: (n: number) => string;
  add: string;
  demoHasNone: string;
  signedInAs: (name: string) => string;
}

export const signInWords: Words<SignInWords> = {
  ja: {
    title: 'サインイン',
    lead: '本人または権限のある人だけが記録を閲覧できます。入った人と見た記録は監査記録に残ります。',
    none: 'サインインの方法がまだ設定されていません。管理者に連絡してください。',
    atProvider: '認証サーバーでサインイン',
    byProvider: (name) => `${name} でサインイン`,
    passkeyTitle: 'パスキー',
    passkeyText: '登録済みの端末やセキュリティキーで、PIN・指紋・顔を使って入ります。',
    passkeyButton: 'パスキーでサインイン',
    passkeyNotHere: 'このブラウザー、またはこの接続ではパスキーを使えません。',
    notShown: 'パスキーは示されませんでした。もう一度お試しください。',
    second: '二つ目の要素',
    secondText: 'この役割では、記録を見る前にパスキーを示す必要があります。',
    secondNone: 'まだパスキーがありません。管理者から受け取った登録コードを入れて、この端末を登録してください。',
    codeLabel: '登録コード',
    codeHint: 'コードは一度だけ、発行から 24 時間使えます。',
    enrol: 'パスキーを登録する',
    cards: {
      hpki: { title: 'HPKI カード', text: '医師・薬剤師などの認証用証明書で入ります。' },
      jpki: { title: 'マイナンバーカード', text: '利用者証明用電子証明書で入ります。マイナンバーは使いません。' },
    },
    cardBegin: 'カードで署名する文を受け取る',
    cardText: 'この文を、カードの認証用の鍵で署名してください（文字を変えずに、改行も含めて）。5 分間有効です。',
    cardCopy: '文をファイルに保存',
    cardCopied: '保存しました。',
    cardCertificate: '証明書（DER または PEM）',
    cardSignature: '署名（バイナリ）',
    cardAlgorithm: '署名の方式',
    cardFinish: '署名を送ってサインイン',
    cardUnreadable: 'ファイルを読めません。',
    demoTitle: 'デモ用アカウント',
    demoText: 'これはデモです。パスワードも本人確認もありません。役割を選ぶと、その役割でどこまで見えるかを試せます。',
    demoAs: (role) => `${role} として入る`,
    returning: 'サインインを確かめています…',
    refusedThere: '認証サーバーでサインインが取り消されたか、拒否されました。',
    broken: 'サインインできませんでした。',
    refused: 'この本人確認では入れません。もう一度試しても入れないときは、アカウントがあるか管理者に確かめてください。',
    backToSignIn: 'サインインの画面へ',
    account: 'アカウント',
    notSignedIn: 'サインインしていません。',
    role: '役割',
    secondFactor: '二つ目の要素',
    shown: '示されています',
    notYetShown: 'まだ示されていません',
    passkeys: 'パスキー',
    noPasskeys: '登録されたパスキーはありません。',
    passkeyNumber: (n) => `パスキー ${n}`,
    remove: (n) => `パスキー ${n} を削除`,
    add: 'この端末を追加で登録する',
    demoHasNone: 'デモ用アカウントにパスキーはありません。',
    signedInAs: (name) => `${name} としてサインインしています。`,
  },
  en: {
    title: 'Sign in',
    lead: 'Records are shown to the person and to those who may see them. Who came in and what they saw stays in the audit.',
    none: 'No way of signing in is set up yet. Ask the administrator.',
    atProvider: 'Sign in at your provider',
    byProvider: (name) => `Sign in with ${name}`,
    passkeyTitle: 'Passkey',
    passkeyText: 'With a device or security key that is enrolled here, by PIN, fingerprint or face.',
    passkeyButton: 'Sign in with a passkey',
    passkeyNotHere: 'This browser or this connection cannot use passkeys.',
    notShown: 'No passkey was shown. Try again.',
    second: 'Second factor',
    secondText: 'In this role a passkey must be shown before records are.',
    secondNone: 'You have no passkey yet. Enter the code that the administrator gave you, and enrol this device.',
    codeLabel: 'Enrolment code',
    codeHint: 'A code is good once, for 24 hours.',
    enrol: 'Enrol a passkey',
    cards: {
      hpki: {
        title: 'HPKI card',
        text: 'With the certificate for authentication of physicians, pharmacists and others.',
      },
      jpki: {
        title: 'My Number Card',
        text: 'With the certificate for user authentication. The number itself is not used.',
      },
    },
    cardBegin: 'Get the text for the card to sign',
    cardText:
      'Sign this text with the authentication key of the card, unchanged, with its line breaks. It is good for five minutes.',
    cardCopy: 'Save the text as a file',
    cardCopied: 'Saved.',
    cardCertificate: 'Certificate (DER or PEM)',
    cardSignature: 'Signature (binary)',
    cardAlgorithm: 'Kind of signature',
    cardFinish: 'Send the signature and sign in',
    cardUnreadable: 'The file cannot be read.',
    demoTitle: 'Demonstration accounts',
    demoText:
      'This is a demonstration: no password, no proof of who you are. Choose a role to see how much it is shown.',
    demoAs: (role) => `Enter as ${role}`,
    returning: 'Checking the sign-in…',
    refusedThere: 'The provider cancelled or refused the sign-in.',
    broken: 'You could not be signed in.',
    refused: 'This proof does not let you in. If it fails again, ask the administrator whether you have an account.',
    backToSignIn: 'To the sign-in page',
    account: 'Account',
    notSignedIn: 'You are not signed in.',
    role: 'Role',
    secondFactor: 'Second factor',
    shown: 'shown',
    notYetShown: 'not shown yet',
    passkeys: 'Passkeys',
    noPasskeys: 'No passkey is enrolled.',
    passkeyNumber: (n) => `Passkey ${n}`,
    remove: (n) => `Remove passkey ${n}`,
    add: 'Enrol this device too',
    demoHasNone: 'Demonstration accounts have no passkeys.',
    signedInAs: (name) => `You are signed in as ${name}.`,
  },
};
