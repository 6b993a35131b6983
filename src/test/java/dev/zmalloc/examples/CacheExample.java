package dev.zmalloc.examples;

import dev.zmalloc.store.Codecs;
import dev.zmalloc.store.OffHeapCache;
import java.lang.invoke.MethodHandles;
import java.time.Duration;

/** The example of a typed cache that the README shows, between the two marks. */
final class CacheExample {
    private CacheExample() {}

    // README begin
    record City(String name, int people, double north) {}

    public static void main(String[] arguments) {
        try (OffHeapCache<String, City> cities = OffHeapCache.builder(
                        Codecs.STRING, Codecs.record(MethodHandles.lookup(), City.class))
                .maxMemory("64mb")
                .expireAfterAccess(Duration.ofMinutes(10))
                .build()) {
            City bonn = cities.get("bonn", key -> new City("Bonn", 335_000, 50.7)); // loaded once, however many ask
            cities.asMap().computeIfPresent("bonn", (key, city) -> new City(city.name(), 336_000, city.north()));
            System.out.println(bonn + " grows: " + cities.getIfPresent("bonn").people());
        }
    }
    // README end
}
