package dev.zmalloc.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The leak check as users get it: classes of tests, run by JUnit in JVMs of their own. */
@Tag("process")
class NativeMemoryLeakExtensionTest {
    private static final Map<String, ChildJvm.Result> RESULTS = new HashMap<>();
    private static final String LEFT = "FAILED java.lang.AssertionError: ";

    @ParameterizedTest
    @ValueSource(strings = {"track", "guard"})
    void tellsWhereItWasTaken(String level) throws Exception {
        ChildJvm.Result result = all(level);

        assertThat(result.value("Leaking.leaks"))
                .startsWith(LEFT + "Leaking, leaks() left native memory behind: +16,7")
                .contains(" bytes, +2 blocks (used memory was ", " bytes, and is 16,7")
                .contains("Taken or resized since, and still held:")
                .contains("zmalloc: 16,778,216 bytes are held in 2 blocks, taken at 2 places")
                .containsSubsequence(
                        "16,777,216 bytes in 1 blocks, taken",
                        "at dev.zmalloc.testing.LeakSamples.takeAndForget(LeakSamples.java:",
                        "at dev.zmalloc.testing.LeakSamples$Leaking.leaks(LeakSamples.java:",
                        "1,000 bytes in 1 blocks, taken",
                        "@FailOnNativeLeak(CLASS)")
                .doesNotContain("takeBefore", "org.junit", "java.base", "zmalloc.debug");
        assertThat(result.value("Leaking.leaksByResizing"))
                .contains("left native memory behind: +45,0", " bytes, +0 blocks", "Leaking.leaksByResizing(")
                .contains("zmalloc: 50,000 bytes are held in 1 blocks")
                .doesNotContain("takeAndForget");
        assertThat(result.value("Leaking.leaksOnAnotherThread"))
                .contains(" bytes, +1 blocks", "takeAndForget", "lambda$leaksOnAnotherThread");
        assertThat(result.value("Leaking")).isEqualTo("SUCCESSFUL ");
    }

    @Test
    void tellsOfTheSettingWhereNothingIsRemembered() throws Exception {
        ChildJvm.Result result = all("off");

        assertThat(result.value("Leaking.leaks"))
                .startsWith(LEFT + "Leaking, leaks() left native memory behind: +16,7")
                .contains(" bytes, +2 blocks")
                .contains("To see where it was taken, run the tests with -Dzmalloc.debug=track")
                .doesNotContain("LeakSamples");
    }

    @Test
    void tellsWhatASampleKnows() throws Exception {
        ChildJvm.Result result = all("sample");

        assertThat(result.value("Leaking.leaks"))
                .contains("left native memory behind: +16,7")
                .contains("zmalloc: about 16,777,216 bytes are held in 1 blocks, taken at 1 places")
                .contains("at dev.zmalloc.testing.LeakSamples$Leaking.leaks(")
                .contains("That is a sample; to see where all of it was taken, run the tests with"
                        + " -Dzmalloc.debug=track");
    }

    @Test
    void judgesEachTestAndMasksNoFailure() throws Exception {
        ChildJvm.Result result = all("off");

        assertThat(result.value("Leaking.leaksNothing")).isEqualTo("SUCCESSFUL ");
        assertThat(result.value("Leaking.failsAnyway"))
                .startsWith("FAILED java.lang.IllegalStateException: its own failure + suppressed"
                        + " java.lang.AssertionError: Leaking, failsAnyway() left native memory behind: +1,000 bytes");
        assertThat(result.value("Leaking.failsWithoutLeaking"))
                .isEqualTo("FAILED java.lang.IllegalStateException: its own failure");
        assertThat(result.value("Leaking.isAborted")).startsWith(LEFT).contains("suppressed", "not here");
        assertThat(result.value("Leaking.leaksOnce[1] number=1")).isEqualTo("SUCCESSFUL ");
        assertThat(result.value("Leaking.leaksOnce[2] number=2")).startsWith(LEFT + "Leaking, [2] number=2 left");
        assertThat(result.value("Leaking.leaksOnce[3] number=3")).isEqualTo("SUCCESSFUL ");
        assertThat(result.value("Leaking")).as("told of its tests already").isEqualTo("SUCCESSFUL ");
        assertThat(result.value("Methods.watched")).startsWith(LEFT);
        assertThat(result.value("Methods.unwatched")).isEqualTo("SUCCESSFUL ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "guard"})
    void whatIsGivenBackInTheCourseOfATestIsNoLeak(String level) throws Exception {
        ChildJvm.Result result = all(level);

        for (String test : new String[] {
            "byAfterEach", "byAnExtension", "byAThreadThatIsLate", "byTheGarbageCollector", "Inner.nested", "Inner"
        }) {
            assertThat(result.value("GivenBack." + test)).as(test).isEqualTo("SUCCESSFUL ");
        }
        assertThat(result.value("GivenBack.Inner.nestedLeak")).startsWith(LEFT + "Inner, nestedLeak() left");
        assertThat(result.value("GivenBack")).isEqualTo("SUCCESSFUL ");
    }

    @Test
    void judgesAClassForWhatItsTestsDidNot() throws Exception {
        ChildJvm.Result result = all("track");

        assertThat(result.value("LeakingClass.first")).isEqualTo("SUCCESSFUL ");
        assertThat(result.value("LeakingClass.leaks")).startsWith(LEFT);
        assertThat(result.value("LeakingClass"))
                .startsWith(LEFT + "LeakingClass left native memory behind: +3,0")
                .contains(", beside +1,0", " of tests that failed for it")
                .contains("LeakSamples$LeakingClass.take(");
        assertThat(result.value("OneLeakingInstance.leaks")).isEqualTo("SUCCESSFUL ");
        assertThat(result.value("OneLeakingInstance")).startsWith(LEFT).contains("OneLeakingInstance.leaks(");
    }

    @Test
    void testsThatShareMemorySaySo() throws Exception {
        ChildJvm.Result result = all("off");

        for (String name : new String[] {"Unannounced", "OneInstanceByTest"}) {
            assertThat(result.out()).contains(name + "=SUCCESSFUL");
        }
        assertThat(result.out())
                .contains(LEFT + "Unannounced, a_takes() left native memory behind")
                .contains(LEFT + "Unannounced, b_frees() freed native memory that was taken before it: -1,0")
                .contains(" bytes, -1 blocks (used memory was ")
                .contains(LEFT + "OneInstanceByTest, a_takes() left")
                .contains(LEFT + "OneInstanceByTest, b_frees() freed")
                .contains("Announced=SUCCESSFUL", "OneInstance=SUCCESSFUL", "OneInstance.c_uses=SUCCESSFUL")
                .contains("Announced.Inner.nested=SUCCESSFUL")
                .doesNotContain("AssertionError: Announced", "AssertionError: OneInstance,");
    }

    @Test
    void runsAloneWhereTestsRunInParallelOrRefuses() throws Exception {
        ChildJvm.Result result = run(
                "off",
                "Noisy",
                "Alone",
                "Extended",
                "junit.jupiter.execution.parallel.enabled=true",
                "junit.jupiter.execution.parallel.config.strategy=fixed",
                "junit.jupiter.execution.parallel.config.fixed.parallelism=8",
                "junit.jupiter.execution.parallel.mode.default=concurrent",
                "junit.jupiter.execution.parallel.mode.classes.default=concurrent");

        for (int number = 1; number <= 4; number++) {
            assertThat(result.value("Alone.isUndisturbed[" + number + "] number=" + number))
                    .isEqualTo("SUCCESSFUL ");
        }
        assertThat(result.value("Extended"))
                .startsWith("FAILED org.junit.jupiter.api.extension.ExtensionConfigurationException: Tests run in"
                        + " parallel, and native memory is counted for the whole process")
                .contains("LeakSamples$Extended with @FailOnNativeLeak or @Isolated");
    }

    @Test
    void isFoundByJUnit() throws Exception {
        ChildJvm.Result result = run("off", "Methods", "junit.jupiter.extensions.autodetection.enabled=true");

        assertThat(result.value("Methods.unwatched")).startsWith(LEFT + "Methods, unwatched() left");
    }

    /** All that run in sequence, once for each level. */
    private static ChildJvm.Result all(String level) throws IOException, InterruptedException {
        ChildJvm.Result result = RESULTS.get(level);
        if (result == null) {
            result = run(
                    level,
                    "Leaking",
                    "GivenBack",
                    "LeakingClass",
                    "OneLeakingInstance",
                    "Unannounced",
                    "Announced",
                    "OneInstance",
                    "OneInstanceByTest",
                    "Methods");
            RESULTS.put(level, result);
        }
        return result;
    }

    private static ChildJvm.Result run(String level, String... arguments) throws IOException, InterruptedException {
        ChildJvm.Result result = ChildJvm.of(LeakCheckProbe.class)
                .property("zmalloc.allocator", "libc")
                .property("zmalloc.debug", level)
                .run(arguments);
        assertThat(result.exit()).as("%s", result).isZero();
        return result;
    }
}
