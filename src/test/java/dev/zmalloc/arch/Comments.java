package dev.zmalloc.arch;

import java.util.List;
import java.util.regex.Pattern;

/** Finds the comments of a Java source, and not what looks like one inside a literal. */
final class Comments {
    /** Whatever can hold two slashes: the literals are matched so that they are passed over. */
    private static final Pattern COMMENT_OR_LITERAL = Pattern.compile("""
            (?<comment>//[^\\n]*|/\\*(?s:.*?)\\*/)\
            |\"""(?s:\\\\.|.)*?\"""\
            |"(?:\\\\.|[^"\\\\\\n])*"\
            |'(?:\\\\.|[^'\\\\\\n])+'\
            """);

    private Comments() {}

    static List<String> of(String source) {
        return COMMENT_OR_LITERAL
                .matcher(source)
                .results()
                .map(found -> found.group("comment"))
                .filter(comment -> comment != null)
                .toList();
    }
}
