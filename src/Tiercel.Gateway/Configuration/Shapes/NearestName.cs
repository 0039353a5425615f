namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>Finds what somebody may have meant.</summary>
internal static class NearestName
{
    /// <summary>Longer names are not compared: the time grows with the square.</summary>
    private const int MaxCharacters = 64;

    /// <summary>The known name with the fewest changed, missing, added or swapped characters, if they are few; else null.</summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        if (name.Length is 0 or > MaxCharacters)
        {
            return null;
        }

        (string? best, int least) = (null, (name.Length / 3) + 1);
        foreach (string candidate in known.Where(candidate => candidate.Length <= MaxCharacters))
        {
            int distance = Distance(name, candidate);
            if (distance < least || (distance == least && best is null))
            {
                (best, least) = (candidate, distance);
            }
        }

        return best;
    }

    /// <summary>The end of a sentence: <c>; did you mean 'x'?</c>, or all names where they are few and none is near.</summary>
    public static string Suggest(string name, IReadOnlyCollection<string> known)
    {
        string? near = Of(name, known);
        return near is not null ? $"; did you mean '{near}'?"
            : known.Count is > 0 and <= 16 ? $"; there are {string.Join(", ", known)}"
            : "";
    }

    private static int Distance(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            d[i, 0] = i;
        }

        for (int j = 0; j <= b.Length; j++)
        {
            d[0, j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int change = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
