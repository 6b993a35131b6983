package dev.zmalloc.evict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccessRuleTest {
    private final AccessClock clock = new AccessClock();
    private final AtomicLong nanos = new AtomicLong(123);

    private AccessRule rule(EvictionPolicy policy, EvictionParameters parameters) {
        return AccessRule.of(policy, parameters, clock, nanos::get);
    }

    private AccessRule rule(EvictionPolicy policy) {
        return rule(policy, EvictionParameters.DEFAULTS);
    }

    private void tick(int ticks) {
        for (int tick = 0; tick < ticks; tick++) {
            clock.inserted(1);
        }
    }

    private static int counter(int access) {
        return access & 0xFF;
    }

    private static int uses(AccessRule rule, int access, int times) {
        int field = access;
        for (int use = 0; use < times; use++) {
            field = rule.applyAsInt(field);
        }
        return field;
    }

    @Test
    void recencyIsTheTimeSinceTheLastUseModulo16Bits() {
        tick(10);
        AccessRule rule = rule(EvictionPolicy.ALLKEYS_LRU);
        int fresh = rule.fresh();
        assertThat(fresh).isEqualTo(10);
        assertThat(rule.score(fresh, 0, 0, 0)).as("idle time of what is new").isZero();
        tick(5);
        assertThat(rule.score(fresh, 0, 0, 0)).isEqualTo(5);
        assertThat(rule.score(rule.applyAsInt(fresh), 0, 0, 0)).isZero();
        tick(AccessClock.TICKS - 1);
        assertThat(rule.score(fresh, 0, 0, 0)).as("once around").isEqualTo(4);
        assertThat(rule.countsReads()).isTrue();
        assertThat(rule.ages()).isFalse();
    }

    @Test
    void lrmGoesByWritesAlone() {
        for (EvictionPolicy policy : List.of(EvictionPolicy.ALLKEYS_LRM, EvictionPolicy.VOLATILE_LRM)) {
            AccessRule rule = rule(policy);
            assertThat(rule.countsReads()).isFalse();
            int fresh = rule.fresh();
            tick(3);
            assertThat(rule.score(rule.applyAsInt(fresh), 0, 0, 0)).isZero();
        }
    }

    /** The counter after so many uses, on average, as a simulation of Redis' rule has it. */
    @ParameterizedTest
    @CsvSource({
        "0,100,105",
        "0,1000,255",
        "1,100,18.6",
        "1,1000,49.3",
        "10,100,9.7",
        "10,1000,19.3",
        "10,100000,142",
        "100,1000,9.8",
        "100,100000,49"
    })
    void theCounterOfUsesGrowsLikeALogarithm(int factor, int uses, double expected) {
        AccessRule rule = rule(EvictionPolicy.ALLKEYS_LFU, EvictionParameters.DEFAULTS.with("lfu-log-factor", factor));
        double mean = IntStream.range(0, 40)
                .map(item -> counter(uses(rule, rule.fresh(), uses)))
                .average()
                .orElseThrow();
        assertThat(mean).isCloseTo(expected, within(Math.max(1.5, expected * 0.08)));
    }

    @Test
    void aNewItemHasACounterOfFiveAndLosesOneAMinute() {
        AccessRule rule = rule(EvictionPolicy.ALLKEYS_LFU);
        int access = rule.fresh();
        assertThat(counter(access)).isEqualTo(5);
        assertThat(rule.score(access, 0, 0, 0)).isEqualTo(250);
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(179));
        rule.sampling();
        int aged = rule.aged(access);
        assertThat(counter(aged)).isEqualTo(3);
        assertThat(rule.aged(aged)).as("not twice").isEqualTo(aged);
        assertThat(counter(rule.fresh())).isEqualTo(5);
        nanos.addAndGet(TimeUnit.MINUTES.toNanos(60));
        rule.sampling();
        assertThat(counter(rule.aged(aged))).as("not below zero").isZero();
        assertThat(counter(uses(rule, access, 1)))
                .as("a use counts for what has decayed")
                .isEqualTo(1);
    }

    @Test
    void decayGoesByItsTimeAndCanBeOff() {
        AccessRule slow = rule(EvictionPolicy.VOLATILE_LFU, EvictionParameters.DEFAULTS.with("lfu-decay-time", 10));
        AccessRule never = rule(EvictionPolicy.VOLATILE_LFU, EvictionParameters.DEFAULTS.with("lfu-decay-time", 0));
        AccessRule rarely = rule(
                EvictionPolicy.VOLATILE_LFU, EvictionParameters.DEFAULTS.with("lfu-decay-time", Integer.MAX_VALUE));
        int ofSlow = slow.fresh();
        int ofNever = never.fresh();
        nanos.addAndGet(TimeUnit.MINUTES.toNanos(25));
        for (AccessRule rule : List.of(slow, never, rarely)) {
            rule.sampling();
        }
        assertThat(counter(slow.aged(ofSlow))).isEqualTo(3);
        assertThat(never.aged(ofNever)).isEqualTo(ofNever);
        assertThat(counter(rarely.aged(ofNever))).isEqualTo(5);
    }

    /** A reader may still hold the period before the one that the field has: that is no decay, and not 255 of them. */
    @Test
    void aClockThatLagsBehindAFieldTakesNothing() {
        AccessRule behind = rule(EvictionPolicy.ALLKEYS_LFU);
        AccessRule ahead = rule(EvictionPolicy.ALLKEYS_LFU);
        nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
        ahead.sampling();
        int access = ahead.fresh();
        assertThat(counter(access)).isEqualTo(5);
        assertThat(behind.aged(access)).isEqualTo(access);
    }

    @Test
    void theCounterIsFullAt255() {
        AccessRule rule = rule(EvictionPolicy.ALLKEYS_LFU, EvictionParameters.DEFAULTS.with("lfu-log-factor", 0));
        int full = uses(rule, rule.fresh(), 1_000);
        assertThat(counter(full)).isEqualTo(255);
        assertThat(full >>> 16).isZero();
        assertThat(rule.score(full, 0, 0, 0)).isZero();
    }

    @Test
    void queuesCountThreeUsesInTheLowByteAlone() {
        AccessRule rule = rule(EvictionPolicy.ALLKEYS_S3FIFO);
        assertThat(rule.fresh()).isZero();
        int tagged = 0xAB00;
        for (int use = 1; use <= 5; use++) {
            int answer = rule.applyAsInt(tagged);
            assertThat(answer >>> 16).as("only the low byte is to be stored").isEqualTo(1);
            tagged = answer & 0xFFFF;
            assertThat(tagged).isEqualTo(0xAB00 + Math.min(3, use));
        }
    }

    @Test
    void ttlGoesByExpiryAndRandomByNothing() {
        AccessRule ttl = rule(EvictionPolicy.VOLATILE_TTL);
        assertThat(ttl.needsExpiry()).isTrue();
        assertThat(ttl.score(0, 0, 1_000, 5)).isGreaterThan(ttl.score(0, 0, 1_001, 5));
        assertThat(ttl.score(0, 0, Long.MIN_VALUE, 5)).isGreaterThan(ttl.score(0, 0, 0, 5));
        assertThat(ttl.score(0, 0, 1L << 60, 5)).isGreaterThan(ttl.score(0, 0, Long.MAX_VALUE, 5));
        AccessRule random = rule(EvictionPolicy.ALLKEYS_RANDOM);
        assertThat(random.score(7, 8, 9, 10)).isEqualTo(10);
        for (AccessRule rule : List.of(ttl, random)) {
            assertThat(rule.countsReads()).isFalse();
            assertThat(rule.applyAsInt(77)).isEqualTo(77);
        }
    }

    @Test
    void gdsfWeighsUsesAgainstSizeIfToldTo() {
        AccessRule rule = rule(EvictionPolicy.ALLKEYS_GDSF);
        assertThat(rule.needsBytes()).isTrue();
        int fresh = rule.fresh();
        for (int sample = 0; sample < 500; sample++) {
            rule.weigh(sample % 2 == 0 ? 100 : 300);
        }
        assertThat(rule.score(fresh, 1_000, 0, 0)).isGreaterThan(rule.score(fresh, 100, 0, 0));
        assertThat(rule.score(fresh, 100, 0, 0)).isGreaterThan(rule.score(uses(rule, fresh, 1), 100, 0, 0));
        assertThat(rule.score(uses(rule, fresh, 2), 300, 0, 0))
                .as("three uses of three times the bytes")
                .isCloseTo(rule.score(fresh, 100, 0, 0), within(20L));
        AccessRule neutral = rule(EvictionPolicy.ALLKEYS_GDSF, EvictionParameters.DEFAULTS.with("gdsf-size-weight", 0));
        assertThat(neutral.needsBytes()).isFalse();
        assertThat(neutral.score(fresh, 1_000, 0, 0)).isEqualTo(neutral.score(fresh, 1, 0, 0));
    }

    @Test
    void gdsfCountsEachUseUpTo16AndFewerLater() {
        AccessRule rule = rule(EvictionPolicy.ALLKEYS_GDSF);
        assertThat(uses(rule, rule.fresh(), 7) & 15).isEqualTo(7);
        double mean = IntStream.range(0, 200)
                .map(item -> uses(rule, rule.fresh(), 15) & 15)
                .average()
                .orElseThrow();
        assertThat(mean).as("level of 16 uses, which is 11").isCloseTo(11, within(1.0));
        assertThat(uses(rule, rule.fresh(), 20_000) & 15).isEqualTo(15);
        assertThat(uses(rule, rule.fresh(), 20_000) >>> 16).isZero();
    }

    /** What is used at each step goes on, what is not goes in its turn, for several rounds of the 16 bits. */
    @Test
    void gdsfAgesWhatIsNotUsedAcrossItsWraps() {
        AccessRule rule = rule(EvictionPolicy.ALLKEYS_GDSF, EvictionParameters.DEFAULTS.with("gdsf-size-weight", 0));
        record Item(int born, int access) {}
        List<Item> items = new ArrayList<>();
        int once = uses(rule, rule.fresh(), 6);
        for (int item = 0; item < 50; item++) {
            items.add(new Item(0, rule.fresh()));
        }
        int hot = rule.fresh();
        int onceGone = -1;
        for (int step = 1; step <= 50_000; step++) {
            hot = rule.applyAsInt(hot);
            long worst = Long.MIN_VALUE;
            int victim = -1;
            for (int item = 0; item < items.size(); item++) {
                long score = rule.score(items.get(item).access, 0, 0, 0);
                if (score > worst) {
                    worst = score;
                    victim = item;
                }
            }
            assertThat(rule.score(hot, 0, 0, 0))
                    .as("used at each step %d", step)
                    .isLessThan(worst);
            if (onceGone < 0 && rule.score(once, 0, 0, 0) > worst) {
                onceGone = step;
            }
            rule.evicted(worst);
            assertThat(step - items.get(victim).born).as("age of a victim").isLessThan(150);
            items.set(victim, new Item(step, rule.fresh()));
        }
        assertThat(onceGone)
                .as("seven uses, and none later: outlives some turnovers")
                .isBetween(150, 700);
    }
}
