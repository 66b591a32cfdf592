// SPDX-License-Identifier: Apache-2.0
// The page's language: Japanese unless the reader chose English. Words are tables, one object
// per language with the same keys; a table that lacks a word does not compile.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';

export type Language = 'ja' | 'en';
export type Words<T> = Record<Language, T>;

const kept = 'kumihimo.language';

interface Chosen {
  language: Language;
  choose: (language: Language) => void;
}

const Choice = createContext<Chosen>({ language: 'ja', choose: () => undefined });

/** Storage may be switched off; the page then starts in Japanese each time. */
function recall(): Language {
  try {
    return window.localStorage.getItem(kept) === 'en' ? 'en' : 'ja';
  } catch {
    return 'ja';
  }
}

function remember(language: Language): void {
  try {
    window.localStorage.setItem(kept, language);
  } catch {
    // Nothing is lost but the choice.
  }
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(recall);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const chosen = useMemo<Chosen>(
    () => ({
      language,
      choose: (next) => {
        remember(next);
        setLanguage(next);
      },
    }),
    [language],
  );
  return <Choice value={chosen}>{children}</Choice>;
}

export function useLanguage(): Chosen {
  return useContext(Choice);
}

export function useWords<T>(words: Words<T>): T {
  return words[useLanguage().language];
}
