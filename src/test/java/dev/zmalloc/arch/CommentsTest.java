package dev.zmalloc.arch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("arch")
class CommentsTest {
    @Test
    void findsCommentsOfEachKind() {
        assertThat(Comments.of("int a; // one\n/* two\n lines */ int b; /** three */"))
                .containsExactly("// one", "/* two\n lines */", "/** three */");
    }

    @Test
    void passesOverLiterals() {
        assertThat(Comments.of("s = \"// no\\\" /* no */\"; c = '\"'; // yes")).containsExactly("// yes");
        assertThat(Comments.of("s = \"\"\"\n  // no \" /* no\n\"\"\"; c = '\\''; /* yes */"))
                .containsExactly("/* yes */");
    }
}
