//! Korean particles: which form of one goes with the word before it.
//!
//! Entry point: [`fit`].  Texts have a particle behind a place for a word (`{}이`, `{}을(를)`); the form depends on how
//! the word ends when it is spoken: `파드가`, `시크릿이`, `3으로`, `1로`.

/// The forms of a particle, and how it is written when nobody knows which is right.
struct Particle {
    /// Behind a consonant.
    closed: &'static str,
    /// Behind a vowel.
    open: &'static str,
    either: &'static str,
    /// Behind ㄹ it is as behind a vowel.
    flows: bool,
}

const fn particle(closed: &'static str, open: &'static str, either: &'static str) -> Particle {
    Particle { closed, open, either, flows: false }
}

const PARTICLES: [Particle; 5] = [
    particle("이", "가", "이(가)"),
    particle("은", "는", "은(는)"),
    particle("을", "를", "을(를)"),
    particle("과", "와", "과(와)"),
    Particle { closed: "으로", open: "로", either: "(으)로", flows: true },
];

/// How a word ends when it is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Vowel,
    /// The consonant ㄹ.
    Liquid,
    Consonant,
}

/// Replaces the particle that `text` starts with by the form for `word`; a quotation mark between the two is not
/// spoken.  The form, and what follows the particle; `None` when the text starts with none.
pub(crate) fn fit<'t>(word: &str, text: &'t str) -> Option<(String, &'t str)> {
    let quote = if text.starts_with('"') { "\"" } else { "" };
    let rest = text.strip_prefix(quote)?;
    let (particle, rest) = PARTICLES.iter().find_map(|particle| {
        let forms = [particle.either, particle.closed, particle.open];
        let rest = forms.iter().find_map(|form| rest.strip_prefix(form))?;
        // A word may begin like a particle.
        let ends = rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '(');
        ends.then_some((particle, rest))
    })?;
    let form = match ending(word) {
        None => particle.either,
        Some(Ending::Vowel) => particle.open,
        Some(Ending::Liquid) if particle.flows => particle.open,
        Some(Ending::Liquid | Ending::Consonant) => particle.closed,
    };
    Some((format!("{quote}{form}"), rest))
}

/// How a word ends, as far as its last letters tell.
fn ending(word: &str) -> Option<Ending> {
    let mut letters = word.trim_end_matches(['"', '\'', '`']).chars().rev();
    let last = letters.next()?;
    match last {
        '가'..='힣' => Some(of_syllable(last)),
        '0' | '3' | '6' => Some(Ending::Consonant),
        '1' | '7' | '8' => Some(Ending::Liquid),
        '2' | '4' | '5' | '9' => Some(Ending::Vowel),
        'A'..='Z' => of_capital(last),
        'a'..='z' => of_letter(last, letters.next()),
        _ => None,
    }
}

/// A syllable of Hangul says itself what it ends in: 28 endings, the first is none, the ninth is ㄹ.
fn of_syllable(syllable: char) -> Ending {
    match (u32::from(syllable) - u32::from('가')) % 28 {
        0 => Ending::Vowel,
        8 => Ending::Liquid,
        _ => Ending::Consonant,
    }
}

/// The name of a letter, which is also how a word of capitals would end; some are spoken as words.
fn of_capital(letter: char) -> Option<Ending> {
    match letter {
        'L' | 'R' => Some(Ending::Liquid),
        'M' | 'N' => Some(Ending::Consonant),
        'B' | 'C' | 'K' | 'P' | 'Q' | 'T' => None,
        _ => Some(Ending::Vowel),
    }
}

/// An English word as Koreans speak it: `node` 노드, `role` 롤, `config` 컨피그.  Whether `t` and the like have a vowel
/// behind them depends on the word.
fn of_letter(letter: char, before: Option<char>) -> Option<Ending> {
    match (letter, before) {
        ('b' | 'c' | 'k' | 'p' | 'q' | 't', _) | ('e', Some('p')) => None,
        ('l', _) | ('e', Some('l')) => Some(Ending::Liquid),
        ('m' | 'n', _) | ('g', Some('n')) | ('e', Some('m' | 'n')) => Some(Ending::Consonant),
        _ => Some(Ending::Vowel),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_the_word() {
        for (word, text, want) in [
            ("파드", "이 있음", "가 있음"),
            ("시크릿", "가 있음", "이 있음"),
            ("node", "이(가) 없음", "가 없음"),
            ("nginx-role", "를 씀", "을 씀"),
            ("10250", "를 엶", "을 엶"),
            ("2026-06-28", "으로 끝남", "로 끝남"),
            ("1.36", "로 올림", "으로 올림"),
            ("AllAlpha", "은(는) 위험함", "는 위험함"),
            ("RBAC", "을 씀", "을(를) 씀"),
            ("root", "으로 실행됨", "(으)로 실행됨"),
            ("web", "가", "이(가)"),
            ("logging", "와 다름", "과 다름"),
            ("api", "\"이 있음", "\"가 있음"),
            ("*", "를 허용함", "을(를) 허용함"),
        ] {
            let got = fit(word, text).map(|(form, rest)| format!("{form}{rest}"));
            assert_eq!(got.as_deref(), Some(want), "{word}{text}");
        }
    }

    #[test]
    fn what_is_no_particle_stays() {
        for text in
            ["에 있음", "의 토큰", "개가 있음", "이어야 함", "가입", "로그", "", " 이 있음", ")가 있음"]
        {
            assert_eq!(fit("node", text), None, "{text}");
        }
    }
}
