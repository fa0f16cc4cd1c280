// Counts what the browser itself says for some seconds: frames, long tasks, what has moved.
(seconds) =>
  new Promise((resolve) => {
    const frames = [];
    const tasks = [];
    const begin = performance.now();
    const ticks = feed.counters.ticks;
    let moved = 0;
    const takers = {
      longtask: ({ duration }) => tasks.push(duration),
      "layout-shift": ({ value, hadRecentInput }) => {
        moved += hadRecentInput ? 0 : value;
      },
    };
    const observers = Object.entries(takers).map(([type, take]) => {
      const observer = new PerformanceObserver((list) => list.getEntries().forEach(take));
      observer.observe({ type });
      return observer;
    });
    const told = () => {
      for (const observer of observers) {
        observer.disconnect();
      }
      const perSecond = Array(Math.floor(seconds)).fill(0);
      for (const at of frames) {
        const second = Math.floor((at - begin) / 1000);
        if (second >= 0 && second < perSecond.length) {
          perSecond[second] += 1;
        }
      }
      perSecond.sort((one, other) => one - other);
      return {
        ticks_per_s: (feed.counters.ticks - ticks) / seconds,
        frames_per_s_median: perSecond[Math.floor(perSecond.length / 2)],
        frames_per_s_least: perSecond[0],
        longest_between_frames_ms: Math.max(...frames.slice(1).map((at, i) => at - frames[i])),
        tasks_over_50_ms: tasks.length,
        longest_task_ms: Math.max(0, ...tasks), // 0: none over 50 ms
        layout_shift: moved,
        gaps: feed.counters.gaps,
      };
    };
    const frame = (now) => {
      frames.push(now);
      if (now - begin < seconds * 1000) {
        requestAnimationFrame(frame);
      } else {
        resolve(told());
      }
    };
    requestAnimationFrame(frame);
  });
